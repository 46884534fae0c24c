/**
 * @file `npm run toxicity -- DIR`: the language-model case study of the MAS paper on the fine-tunes in DIR, which
 * `fixtures/make/toxicity.py` makes. Audits pairs with the held-out texts as whole contexts, and prints token accuracy in
 * all four directions beside what it is without intervention, the verdicts, and what the paper says. Exits 0 whatever was
 * found: this is a measurement and no gate.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UsageError, present } from "../../src/errors.js";
import { loadTokenizer } from "../../src/models/tokenizer.js";
import { DEVICES, parseDevice } from "../../src/plan/defaults.js";
import { chooseDevice } from "../../src/runtime/device.js";
import { stream } from "../../src/stats/stream.js";
import { writeFileAtomic } from "../../src/store/atomic.js";
import { standingAt } from "../../src/store/regular-file.js";
import { runScript } from "./script-main.js";
import { AUDIT_OPTIONS, auditModels, keepPlan } from "./toxicity-audit.js";
import { drawSplices, tokenAccuracy, type Predictions } from "./toxicity-floor.js";
import { choosePairs, findModels, HELD_OUT, kindOf, nameOfPair, type ModelPair } from "./toxicity-models.js"; // prettier-ignore
import { predict } from "./toxicity-predictions.js";
import { claimsOf, rowsOf, type ToxicityRow } from "./toxicity-rows.js";
import { printClaims, printFloors, printKinds, printRows, type FloorRow } from "./toxicity-text.js";
import { readHeldOut, type HeldOutText } from "./toxicity-texts.js";

const USAGE =
  "npm run toxicity -- DIR [--against NAME] [--pair A,B] [--all-pairs] [--floor-only] [--floor-texts N] [--tokens N] " +
  "[--out DIR] [--json FILE] and, as of mas-audit, " +
  AUDIT_OPTIONS.map((name) => `--${name}`).join(" ");

/** As in the paper's script: one non-toxic model of the first split with all others. */
const FIRST = "non-toxic-0";

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

interface FloorPlan {
  readonly folder: string;
  readonly pairs: readonly ModelPair[];
  readonly held: readonly HeldOutText[];
  /** Texts, and splices of them. */
  readonly n: number;
  /** Length at which texts are cut. */
  readonly tokens: number;
  readonly options: Readonly<Record<string, string>>;
}

/** Floor and exact swap in the paper's count, both directions of every pair. */
async function measureFloors(plan: FloorPlan): Promise<readonly FloorRow[]> {
  const { folder, pairs, held, n, tokens, options } = plan;
  const models = [...new Set(pairs.flatMap(({ base, tuned }) => [base, tuned]))];
  const tokenizer = await loadTokenizer(join(folder, present(models[0], "model").name));
  const texts = held.slice(0, n).map(({ text }) => tokenizer.encode(text).ids.slice(0, tokens));
  const random = stream(Number(options["seed"] ?? 0), "toxicity/splices");
  const splices = drawSplices(texts, { n, stream: random });
  const asked = parseDevice(options["device"] ?? "auto");
  if (asked === undefined) throw usage(`--device ${DEVICES.join(", ")}`, options["device"] ?? "");
  const { device } = await chooseDevice(asked);
  const threads = options["threads"] === undefined ? {} : { threads: Number(options["threads"]) };
  const said = new Map<string, Predictions>();
  for (const { name } of models) {
    process.stderr.write(`predictions of ${name}\n`);
    const session = { device, ...threads };
    said.set(name, await predict({ folder: join(folder, name), texts, splices, batch: 8, session })); // prettier-ignore
  }
  return pairs.flatMap((pair) =>
    [[pair.base, pair.tuned] as const, [pair.tuned, pair.base] as const].map(([from, to]) => ({
      ...{ source: from.name, target: to.name, kind: kindOf(pair) },
      ...tokenAccuracy(splices, {
        source: present(said.get(from.name), "predictions"),
        target: present(said.get(to.name), "predictions"),
      }),
    })),
  );
}

function usage(expected: string, found: string): UsageError {
  return new UsageError("the command line is wrong", { code: "USAGE", expected, found });
}

function wholeNumber(name: string, text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw usage(`--${name} with a whole number above 0`, text);
}

function readArguments() {
  const text = { type: "string" } as const;
  const audit = Object.fromEntries(AUDIT_OPTIONS.map((name) => [name, text]));
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        ...audit,
        against: { type: "string", multiple: true, default: [] as string[] },
        pair: { type: "string", multiple: true, default: [] as string[] },
        "all-pairs": { type: "boolean", default: false },
        "floor-only": { type: "boolean", default: false },
        "floor-texts": { type: "string", default: "200" },
        tokens: { type: "string", default: "64" },
        out: text,
        json: text,
      },
    });
  } catch (error) {
    throw usage(USAGE, error instanceof Error ? error.message : String(error));
  }
}

async function main(): Promise<number> {
  const { positionals, values } = readArguments();
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) throw usage(USAGE, `${positionals.length} folders`);
  if (values.json !== undefined && standingAt(values.json).kind !== "nothing") {
    throw usage("--json with a file that does not exist yet", values.json);
  }
  const isNoneNamed = values.against.length + values.pair.length === 0;
  const pairs = choosePairs(findModels(folder), {
    against: isNoneNamed ? [FIRST] : values.against,
    pairs: values.pair,
    all: values["all-pairs"],
  });
  const held = readHeldOut(join(folder, HELD_OUT));
  const given: Readonly<Record<string, unknown>> = values;
  const options = Object.fromEntries(
    AUDIT_OPTIONS.flatMap((name) => {
      const value = given[name];
      return typeof value === "string" ? [[name, value]] : [];
    }),
  );
  const floors = await measureFloors({
    ...{ folder, pairs, held, options },
    n: wholeNumber("floor-texts", values["floor-texts"]),
    tokens: wholeNumber("tokens", values.tokens),
  });
  print("Token accuracy as the paper counts it, before anything is learned");
  print(`${printFloors(floors)}\n`);
  const rows: ToxicityRow[] = [];
  if (!values["floor-only"]) {
    const series = { models: folder, out: values.out ?? join(folder, "audits"), held, options };
    keepPlan(series);
    for (const pair of pairs) {
      const result = await auditModels(series, pair);
      const own = rowsOf(result, { pair: nameOfPair(pair), kind: kindOf(pair) });
      print(`${printRows(own)}\n`);
      rows.push(...own);
    }
  }
  print(`${printKinds(floors, rows)}\n`);
  const claims = claimsOf(rows);
  print(printClaims(claims));
  if (values.json !== undefined) {
    writeFileAtomic(values.json, `${JSON.stringify({ floors, rows, claims }, null, 1)}\n`);
  }
  return 0;
}

runScript(main);
