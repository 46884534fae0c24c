/** @file What a policy allows or waives: the verdicts stay, and the gate looks past exactly those sites until the day is over. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CellMeasures } from "../../src/measure/measures.js";
import { warnExcuses } from "../../src/report/policy-warnings.js";
import { policySchema, type Policy } from "../../src/verdict/policy.js";
import { closeOnRegressions } from "../../src/verdict/regressions.js";
import { judge } from "../../src/verdict/run.js";
import { BEFORE, storedPolicySchema } from "../../src/verdict/stored-policy.js";
import { VERDICT_WORDS, type RunVerdict } from "../../src/verdict/verdicts.js";
import { all, CONSTANT, GOOD, NOTHING, plantAudit, plantCell } from "./planted.js";

const RECODED = { ...GOOD, iia: { ...all(0.96), "base→tuned": 0.5, "tuned→base": 0.5 } };

/** `v` transfers at 4, fails at 8 and 12 (role last) and at 8 (role focus); `w` is lost at 4. */
const CELLS: readonly CellMeasures[] = [
  plantCell(GOOD, { layer: 4 }),
  plantCell(RECODED, { layer: 8 }),
  plantCell(RECODED, { layer: 12 }),
  plantCell(RECODED, { layer: 8, role: "focus" }),
  plantCell(CONSTANT, { variable: "w", layer: 4 }),
];
const AUDITS = [plantAudit(), plantAudit({ tuned: 0.5 }, { variable: "w" })];
const TODAY = "2026-03-04";

function run(policy: unknown, today = TODAY, cells = CELLS): RunVerdict {
  const audits = AUDITS.filter(({ variable }) => cells.some(({ cell }) => cell.variable === variable)); // prettier-ignore
  return judge({ audits, cells }, policySchema.parse(policy), { draws: 2, today });
}

const ONLY_V = CELLS.slice(0, 4);
const reason = "known";

describe("an allowance", () => {
  it("of every failing site opens the gate and changes no verdict", () => {
    const plain = run({}, TODAY, ONLY_V);
    const allowed = run({ allow: [{ variable: "v", layers: [8, "10-12"], reason }] }, TODAY, ONLY_V); // prettier-ignore
    expect([plain.verdict, allowed.verdict]).toEqual(["fail", "pass"]);
    const wordsOf = ({ variables }: RunVerdict): unknown =>
      variables.map(({ verdict, labels, sites }) => [verdict, labels, sites]);
    expect(wordsOf(allowed)).toEqual(wordsOf(plain));
    expect(allowed.variables[0]).toMatchObject({ verdict: "fails", isExcused: true });
    expect(allowed.reasons).toEqual(["fails: v (a), allowed: known"]);
    expect(allowed.variables[0]!.reasons).toContain(
      "allowed at layer 8 (role focus), layers 8–12 (role last): known",
    );
  });

  it.each<[string, object]>([
    ["another layer", { layers: [4] }],
    ["one layer of two", { layers: [12] }],
    ["one role of two", { roles: ["last"] }],
    ["another verdict", { verdicts: ["lost"] }],
    ["another variable", { variable: "w" }],
    ["another audit", { audit: "b" }],
  ])("of %s leaves it closed", (_name, selector) => {
    const judged = run({ allow: [{ ...selector, reason }] }, TODAY, ONLY_V);
    expect(judged.verdict).toBe("fail");
    expect(judged.variables[0]!.isExcused).toBeUndefined();
  });

  it("of a part says what is left", () => {
    const judged = run({ allow: [{ roles: ["last"], reason }] }, TODAY, ONLY_V);
    expect(judged.variables[0]!.reasons.slice(-2)).toEqual([
      "allowed at layers 8–12 (role last): known",
      "what is left is called fails, which closes the gate",
    ]);
  });

  it("without layers and roles stands for the variable, also where no site could be measured", () => {
    const few = [plantCell({ ...GOOD, n: 20 })];
    const policy = { closesGate: ["not-measurable"] };
    expect(run(policy, TODAY, few).verdict).toBe("fail");
    expect(run({ ...policy, allow: [{ variable: "v", reason }] }, TODAY, few).verdict).toBe("pass");
  });

  it("never takes away the transfer that recovers a loss", () => {
    const moved = [plantCell({ ...CONSTANT, fullSwap: { "base→base": 0.98, "tuned→tuned": 0.01 }, noIntervention: {} }, { layer: 4 }), plantCell(GOOD, { layer: 8 })]; // prettier-ignore
    expect(run({}, TODAY, moved).variables[0]!.verdict).toBe("moved");
    expect(run({ allow: [{ layers: [8], reason }] }, TODAY, moved).verdict).toBe("pass");
  });
});

describe("a waiver", () => {
  const policy = { waivers: [{ variable: "v", reason, expires: TODAY }] };

  it.each([
    ["2026-03-03", "pass"],
    ["2026-03-04", "pass"],
    ["2026-03-05", "fail"],
    ["2027-01-01", "fail"],
  ])("up to 2026-03-04 looked at on %s: %s", (today, word) => {
    expect(run(policy, today, ONLY_V).verdict).toBe(word);
  });

  it("says until when, and when it is over", () => {
    expect(run(policy, TODAY, ONLY_V).reasons).toEqual([
      "fails: v (a), waived until 2026-03-04: known",
    ]);
    const over = run(policy, "2026-03-05", ONLY_V);
    expect(over.variables[0]!.reasons.at(-1)).toBe(
      "no longer waived since 2026-03-04 is over: known",
    );
  });

  it("is refused without a day: none is ever read from a clock", () => {
    expect(() => judge({ audits: AUDITS, cells: CELLS }, policySchema.parse(policy))).toThrow("without a day"); // prettier-ignore
  });
});

const selectors = fc.record(
  {
    audit: fc.constantFrom("a", "b"),
    variable: fc.constantFrom("v", "w"),
    layers: fc.subarray([4, 8, "8-12", "0-100"]),
    roles: fc.subarray(["last", "focus"]),
    verdicts: fc.subarray([...VERDICT_WORDS]),
    reason: fc.constant(reason),
  },
  { requiredKeys: ["reason"] },
);

describe("for whatever entries", () => {
  it("an excuse never closes a gate, and never changes a verdict", () => {
    const plain = new Map<string, RunVerdict>();
    fc.assert(
      fc.property(
        fc.array(selectors, { maxLength: 3 }),
        fc.subarray([...VERDICT_WORDS]),
        (allow, closesGate) => {
          const key = closesGate.join();
          const bare = plain.get(key) ?? run({ closesGate });
          plain.set(key, bare);
          const judged = run({ closesGate, allow });
          if (bare.verdict !== "fail") expect(judged.verdict).toBe(bare.verdict);
          expect(judged.variables.map(({ verdict }) => verdict)).toEqual(
            bare.variables.map(({ verdict }) => verdict),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it("more entries never close a gate that fewer opened", () => {
    fc.assert(
      fc.property(fc.array(selectors, { maxLength: 2 }), selectors, (allow, more) => {
        if (run({ allow }).verdict !== "fail")
          expect(run({ allow: [...allow, more] }).verdict).not.toBe("fail");
      }),
      { numRuns: 60 },
    );
  });
});

describe("an entry that does nothing is told", () => {
  const warn = (policy: unknown): readonly string[] =>
    warnExcuses(run(policy)).map(({ code, message, hint }) => `${code} ${message}; ${hint ?? ""}`);

  it.each<[string, object, RegExp]>([
    ["misspelt variable", { variable: "ww" }, /^EXCUSE_UNKNOWN allow\[0\]\.variable .*"ww".*; did you mean "w"\?$/], // prettier-ignore
    ["unknown audit", { audit: "zzz" }, /^EXCUSE_UNKNOWN allow\[0\]\.audit .*"zzz" is not in this run, which has "a"/], // prettier-ignore
    ["misspelt role", { roles: ["focsu"] }, /^EXCUSE_UNKNOWN allow\[0\]\.roles .*did you mean "focus"\?$/], // prettier-ignore
    ["layers not examined", { layers: ["20-30"] }, /^EXCUSE_UNKNOWN allow\[0\]\.layers .*"20-30".*"4", "8"/], // prettier-ignore
    ["a place where nothing fails", { variable: "v", layers: [4] }, /^EXCUSE_UNUSED allow\[0\] .*“known”/], // prettier-ignore
  ])("%s", (_name, selector, told) => {
    const warnings = warn({ allow: [{ ...selector, reason }] });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(told);
  });

  it("and one that is used is not", () => {
    expect(warn({ allow: [{ variable: "v", reason }], waivers: [{ variable: "w", reason, expires: "2020-01-01" }] })).toEqual([]); // prettier-ignore
  });
});

describe("getting worse", () => {
  const open = run({ closesGate: [] });
  const worse = [{ audit: "a", variable: "v" }];

  it("closes the gate only where the policy asks for it", () => {
    expect(closeOnRegressions(open, worse)).toBe(open);
    const policy: Policy = { ...open.policy, regressions: "fail" };
    const closed = closeOnRegressions({ ...open, policy }, worse);
    expect([closed.verdict, closed.reasons[0]]).toEqual(["fail", "worse than the baseline: v (a); this closes the gate"]); // prettier-ignore
    expect(closeOnRegressions({ ...open, policy }, []).verdict).toBe(open.verdict);
  });

  it("never by an excused variable", () => {
    const excused = run({ regressions: "fail", allow: [{ reason }] });
    expect(excused.verdict).toBe("pass");
    expect(closeOnRegressions(excused, worse).verdict).toBe("pass");
  });
});

describe("the policy of an old result", () => {
  const { tau, ratio, confidence, minPairs, closesGate, multiplicity } = policySchema.parse({});
  const first = { tau, ratio, confidence, minPairs, closesGate, multiplicity };

  it("reads as its version meant it, for every key that came later", () => {
    expect(storedPolicySchema.parse(first)).toEqual({ ...first, ...BEFORE });
    expect(Object.keys({ ...first, ...BEFORE }).sort()).toEqual(Object.keys(policySchema.shape).sort()); // prettier-ignore
  });

  it("is refused without a threshold that every version had", () => {
    for (const key of Object.keys(first))
      expect(storedPolicySchema.safeParse({ ...first, [key]: undefined }).success).toBe(false);
  });
});

it("nothing is excused where nothing closes the gate", () => {
  const fine = [plantCell(GOOD), plantCell(NOTHING, { variable: "w" })];
  const judged = run({ allow: [{ reason }] }, TODAY, fine);
  expect(judged.variables.some(({ excuses }) => excuses !== undefined)).toBe(false);
});
