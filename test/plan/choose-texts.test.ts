import { describe, expect, it } from "vitest";
import { PlanError } from "../../src/errors.js";
import type { CausalAudit } from "../../src/plan/audit.js";
import { chooseAudits, chooseTexts } from "../../src/plan/choose-audits.js";
import type { TextAudit } from "../../src/plan/text-audit.js";

const words = { title: "", question: "", why: "", references: [] };
const texts: readonly TextAudit[] = [{ id: "full-behaviour", ...words, texts: () => [] }];
const sentiment: CausalAudit = {
  ...{ id: "sentiment", ...words, variables: { mood: ["a", "b"] }, by: ["mood"], answers: {} },
  ...{ outcome: () => "a", items: () => [], sites: ["last"] },
};
const ids = (audits: readonly string[]): readonly string[][] => {
  const choice = { builtIn: [sentiment], texts, parseFile: () => sentiment, variables: [], audits };
  return [
    chooseAudits(choice).map(({ audit }) => audit.id),
    chooseTexts(choice).map(({ id }) => id),
  ];
};

function refusal(audits: readonly string[]): Partial<PlanError> {
  try {
    ids(audits);
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("audits of texts", () => {
  it("do not run unless they are asked for by id", () => {
    expect(ids([])).toEqual([["sentiment"], []]);
  });

  it("run beside others, or alone", () => {
    expect(ids(["full-behaviour", "sentiment"])).toEqual([["sentiment"], ["full-behaviour"]]);
    expect(ids(["full-behaviour"])).toEqual([[], ["full-behaviour"]]);
  });

  it("are named where an id is unknown, and refused when they stand twice", () => {
    expect(refusal(["full-behavior"])).toMatchObject({
      code: "UNKNOWN_AUDIT",
      hint: 'did you mean "full-behaviour"?',
    });
    expect(refusal(["full-behaviour", "full-behaviour"])).toMatchObject({
      code: "DUPLICATE_AUDIT",
      found: '"full-behaviour" again (built-in)',
    });
  });
});
