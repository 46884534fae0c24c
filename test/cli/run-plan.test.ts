/** @file An unfinished run is continued by its own plan, and by no other. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { Inputs } from "../../src/cli/inputs.js";
import type { RawOptions } from "../../src/cli/option-reader.js";
import { readAuditOptions } from "../../src/cli/read-options.js";
import { continueOrBegin, type Continuation } from "../../src/cli/run-plan.js";
import { shellText } from "../../src/cli/shell-text.js";
import { PlanError } from "../../src/errors.js";
import { cellDigest, openStore, type CellStore } from "../../src/store/cell-store.js";

const root = mkdtempSync(join(tmpdir(), "mas-audit-plan-"));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

let folder = "";
let runs = 0;
beforeEach(() => {
  folder = join(root, `run-${++runs}`);
});

const BEGUN = new Date("2026-03-04T05:06:07Z");
const sha = (digit: string): string => digit.repeat(64);
const INPUTS: Inputs = {
  files: [
    { role: "base model", sha256: sha("a"), bytes: 1, path: "/b" },
    { role: "tuned model", sha256: sha("b"), bytes: 1, path: "/t" },
  ],
  tokenizer: sha("c"),
  audits: [{ id: "sentiment", sha256: sha("d") }],
};

interface Changes {
  readonly raw?: RawOptions;
  readonly inputs?: Partial<Inputs>;
  readonly device?: string;
  readonly threads?: number;
}

/** Opens the folder, plans, and lets it go. */
function plan({ raw = {}, inputs = {}, device = "cpu", threads = 2 }: Changes = {}):
  Continuation | undefined {
  return withStore((store) =>
    continueOrBegin(store, {
      options: readAuditOptions({ base: "b", tuned: "t" }, raw),
      inputs: { ...INPUTS, ...inputs },
      ...{ device, threads, prepack: true, argv: ["b", "t", "--out", "my out"] },
      versions: { "mas-audit": "1.2.3" },
      startedAt: BEGUN,
    }),
  );
}

function withStore<T>(use: (store: CellStore) => T): T {
  const store = openStore(folder);
  try {
    return use(store);
  } finally {
    store.close();
  }
}

/** A run that was killed after its first cell. */
function begin(): void {
  withStore((store) => {
    store.put(cellDigest("first"), { n: 1 });
  });
  expect(plan()).toEqual({ found: 1, since: BEGUN.toISOString() });
}

function refusal(changes: Changes): PlanError {
  try {
    plan(changes);
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
  throw new Error("the plan was not refused");
}

describe("an unfinished run", () => {
  it("is continued by the same plan", () => {
    begin();
    expect(plan()).toEqual({ found: 1, since: BEGUN.toISOString() });
  });

  it.each<[string, Changes, string, string]>([
    ["--pairs", { raw: { pairs: ["200"] } }, "--pairs as then (300)", "200"],
    ["--seed", { raw: { seed: ["1"] } }, "--seed as then (0)", "1"],
    ["the threads of the machine", { threads: 4 }, "--threads as then (2)", "4"],
    ["--reference-path", { raw: { referencePath: true } }, "(not given)", "given"],
    ["--learner", { raw: { learner: ["tfjs"] } }, "--learner as then (not there)", "tfjs"],
    ["the device", { device: "cuda" }, "device as then (cpu)", "cuda"],
    ["the tokenizer", { inputs: { tokenizer: sha("e") } }, sha("c"), sha("e")],
    [
      "the base model",
      { inputs: { files: [{ ...INPUTS.files[0]!, sha256: sha("f") }, INPUTS.files[1]!] } },
      `base model as then (sha256 ${sha("a")})`,
      `sha256 ${sha("f")}`,
    ],
    [
      "a file that is gone",
      { inputs: { files: [INPUTS.files[0]!] } },
      "tuned model as then",
      "not there",
    ],
    [
      "an audit",
      { inputs: { audits: [{ id: "sentiment", sha256: sha("0") }] } },
      'audit "sentiment"',
      sha("0"),
    ],
  ])("is refused when %s changed, and its cells stay", (_, changes, expected, found) => {
    begin();
    const error = refusal(changes);
    expect(error).toMatchObject({ code: "PLAN_CHANGED", exitCode: 2 });
    expect(error.expected).toContain(expected);
    expect(error.found).toContain(found);
    expect(error.hint).toContain("mas-audit b t --out 'my out'");
    expect(error.hint).toContain("--force");
    expect(plan()?.found).toBe(1);
  });

  it("names the first of several differences, options before files", () => {
    begin();
    const error = refusal({ raw: { pairs: ["200"] }, inputs: { tokenizer: sha("e") } });
    expect(error.expected).toContain("--pairs");
  });

  it.each<[string, Changes]>([
    ["layers", { raw: { layers: ["1"] } }],
    ["variables", { raw: { variable: ["v"] } }],
    ["the policy", { raw: { policy: ["p.yaml"] } }],
    ["what is printed", { raw: { quiet: true, json: true, exitZero: true } }],
    ["a further audit", { inputs: { audits: [...INPUTS.audits, { id: "x", sha256: sha("1") }] } }],
    ["the tokenizer of an audit that is not run now", { inputs: { audits: [] } }],
  ])("goes on with other %s: no cell depends on that", (_, changes) => {
    begin();
    expect(plan(changes)?.found).toBe(1);
    expect(plan()?.found).toBe(1);
  });

  it("remembers the audits of every plan that went on", () => {
    begin();
    plan({ inputs: { audits: [{ id: "x", sha256: sha("1") }] } });
    const changed = { inputs: { audits: [{ id: "sentiment", sha256: sha("0") }] } };
    expect(refusal(changed).expected).toContain("sentiment");
  });

  it("of another plan is emptied under --force, and of the same plan it is continued", () => {
    begin();
    expect(plan({ raw: { force: true } })?.found).toBe(1);
    expect(plan({ raw: { force: true, pairs: ["200"] } })).toBeUndefined();
    expect(existsSync(folder)).toBe(false); // nothing was measured under the new plan
  });

  it("whose plan cannot be read is continued: cells are addressed by their content", () => {
    begin();
    writeFileSync(join(folder, "plan.json"), '{"half');
    expect(plan({ raw: { pairs: ["200"] } })?.found).toBe(1);
  });
});

it("a run that ends before its first cell leaves no folder", () => {
  expect(plan()).toBeUndefined();
  expect(readdirSync(root)).not.toContain(`run-${runs}`);
});

it("a command is printed as a shell reads it", () => {
  expect(shellText(["mas-audit", "a b", "it's", "--k=1", "*", ""])).toBe(
    "mas-audit 'a b' 'it'\\''s' --k=1 '*' ''",
  );
});
