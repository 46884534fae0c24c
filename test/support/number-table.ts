/**
 * @file `npm run numbers -- [--seeds N] [--only CLAIM,…] [--json FILE]`: aligns the small networks as each claim of the paper
 * asks, with the built program, and prints what was found beside it; then the levels of chance of the counting tasks.
 * Exits 0 when the planted truth is told; the paper's claims are shown, not demanded.
 */
import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { chanceLevels } from "../../audits/numbers/chance.js";
import { COUNTING_NAMES, openCounting } from "../../audits/numbers/counting.js";
import { alignmentSchema, type Alignment } from "../../src/report/schema-alignment.js";
import { wilson } from "../../src/stats/intervals.js";
import { stream } from "../../src/stats/stream.js";
import { foundOf, hitsOf, NUMBER_CLAIMS, type Claim } from "./number-claims.js";
import { runScript, usageError } from "./script-main.js";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const NETWORKS = "fixtures/networks";
const USAGE = "npm run numbers -- [--seeds N] [--only CLAIM,…] [--json FILE]";
const CONFIDENCE = 0.95;
const LARGEST_DOCUMENT_BYTES = 64 << 20;
const CHANCE_PAIRS = 20_000;

/** A claim with what was found. */
interface Row {
  readonly claim: Claim;
  readonly runs: Readonly<Record<string, Alignment>>;
  readonly seconds: number;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function align(
  networks: readonly string[],
  flags: readonly string[],
  seeds: number,
): Promise<Alignment> {
  const argv = [
    ...[MAIN, "align", ...networks.map((name) => `${NETWORKS}/${name}`)],
    ...[...flags, "--seeds", String(seeds), "--json", "--quiet"],
  ];
  const { stdout } = await promisify(execFile)(process.execPath, argv, {
    maxBuffer: LARGEST_DOCUMENT_BYTES,
  });
  return alignmentSchema.parse(JSON.parse(stdout));
}

async function look(claim: Claim, seeds: number): Promise<Row> {
  const started = performance.now();
  const runs: Record<string, Alignment> = {};
  for (const [name, { networks, flags = [] }] of Object.entries(claim.runs)) {
    runs[name] = await align(networks, flags, seeds);
  }
  return { claim, runs, seconds: (performance.now() - started) / 1000 };
}

function write(x: number): string {
  return x.toFixed(2).replace(/^0/, "");
}

function printRow({ claim, runs, seconds }: Row): void {
  const found = foundOf(claim, runs);
  print("");
  print(`${claim.id}: ${claim.paper}`);
  for (const figure of claim.figures) {
    const seeds = hitsOf(figure, runs);
    const pooled = seeds.reduce((a, b) => ({ hits: a.hits + b.hits, n: a.n + b.n }));
    const interval = wilson(pooled, CONFIDENCE);
    const range = seeds.map(({ hits, n }) => write(hits / n)).join(" ");
    const bounds =
      interval.kind === "undefined" ? "" : ` [${write(interval.low)}, ${write(interval.high)}]`;
    print(
      `  ${figure.label.padEnd(24)} ${write(pooled.hits / pooled.n)}${bounds}  by seed ${range}`,
    );
  }
  for (const run of claim.judged ?? [])
    print(`  verdicts, ${run}: ${found.verdicts(run).join(", ")}`);
  for (const run of claim.likened ?? []) {
    const measures = runs[run]?.runs[0]?.similarities ?? [];
    for (const { measure, value } of measures)
      print(`  ${measure}: ${value === null ? "undefined" : write(value)}`);
  }
  print(
    `  ${claim.holds(found) ? "as the paper" : "OTHERWISE"} (asked: ${claim.asks}); ${seconds.toFixed(0)} s`,
  );
}

/** What a counter that never errs reaches when only some of its variables arrive. */
function printChance(): void {
  print("");
  print(`Levels of chance, ${CHANCE_PAIRS} pairs: trials all right | tokens right`);
  for (const task of COUNTING_NAMES) {
    const counting = openCounting({ task });
    const levels = chanceLevels({
      counting,
      transferred: [[], ["phase"], ["count"], ["phase", "count"]],
      pairs: CHANCE_PAIRS,
      random: stream(1, "chance"),
    });
    const cells = levels.map(
      ({ transferred, trials, tokens }) =>
        `${transferred.length === 0 ? "none" : transferred.join("+")} ${write(trials.right / trials.of)} | ${write(tokens.right / tokens.of)}`,
    );
    print(`  ${task.padEnd(22)} ${cells.join("; ")}`);
  }
}

function chooseClaims(only: string | undefined): readonly Claim[] {
  if (only === undefined) return NUMBER_CLAIMS;
  const ids = only.split(",");
  const known = NUMBER_CLAIMS.map(({ id }) => id);
  const unknown = ids.filter((id) => !known.includes(id));
  if (unknown.length > 0) throw usage(`one of ${known.join(", ")}`, unknown.join(", "));
  return NUMBER_CLAIMS.filter(({ id }) => ids.includes(id));
}

function chooseSeeds(text: string): number {
  const n = Number(text);
  if (Number.isInteger(n) && n >= 1 && n <= 100) return n;
  throw usage("1 to 100 seeds", text);
}

function usage(expected: string, found: string): Error {
  return usageError(USAGE, expected, found);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "3" },
      only: { type: "string" },
      json: { type: "string" },
    },
  });
  if (!existsSync(NETWORKS)) throw usage("to be started in the repository", process.cwd());
  const seeds = chooseSeeds(values.seeds);
  const claims = chooseClaims(values.only);
  print(`Accuracies by trial with 95 % intervals (Wilson, trials of ${seeds} seeds pooled)`);
  const rows: Row[] = [];
  for (const claim of claims) {
    const row = await look(claim, seeds);
    printRow(row);
    rows.push(row);
  }
  if (values.only === undefined) printChance();
  if (values.json !== undefined) {
    const document = rows.map(({ claim: { id, paper, asks }, runs }) => ({
      id,
      paper,
      asks,
      runs,
    }));
    writeFileSync(values.json, `${JSON.stringify(document, null, 1)}\n`);
  }
  const planted = rows.find(({ claim }) => claim.id === "planted");
  return planted === undefined || planted.claim.holds(foundOf(planted.claim, planted.runs)) ? 0 : 1;
}

runScript(main);
