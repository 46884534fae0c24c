/**
 * @file The rules of the SARIF view: one per verdict word, and one for getting worse.
 */
import { VERDICT_WORDS, type VariableWord } from "../verdict/verdicts.js";
import { sentence } from "./figure-text.js";
import { WORDS } from "./words.js";

/** Getting worse than in the result of an earlier audit. */
export const REGRESSION_RULE = "regression";

/** Id of a rule. */
export type RuleId = VariableWord | typeof REGRESSION_RULE;

/** A rule as SARIF's `reportingDescriptor`. */
export interface Rule {
  readonly id: RuleId;
  readonly name: string;
  readonly shortDescription: { readonly text: string };
  readonly fullDescription: { readonly text: string };
  readonly help: { readonly text: string };
  readonly defaultConfiguration: { readonly level: "error" | "warning" | "note" | "none" };
}

/** What to do about a word. */
const HELP: Readonly<Record<RuleId, string>> = {
  fails:
    "The tuned model computes the variable by another code than the base: probes, steering vectors and monitors made for the base may not work in it. Look at both directions in the report; the label “steerable” says that behaviour alone would have passed. Retrain, or allow the site in the policy with a reason.",
  lost: "The base encodes the variable here and the tuned model does not. The labels say whether its behaviour is lost, follows another table, or is computed elsewhere. Add data that needs the variable, or allow the site in the policy with a reason.",
  moved:
    "The variable was lost at some sites and transfers at later ones: what was made for the base has to be moved to these.",
  gained: "The tuned model encodes a variable here that the base does not: nothing was lost.",
  transfers: "Nothing to do.",
  absent:
    "Neither model encodes the variable here: look at other layers or roles if you expected it.",
  inconclusive:
    "The intervals do not decide. The reasons name the number of pairs that would: run again with more --pairs.",
  "not-measurable":
    "The base answers too few items rightly: use items that it can answer, or another audit.",
  regression:
    "By its verdict or by a figure the variable is worse than in the result of --baseline; the comparison in the report names the sites.",
};

const LEVELS: Readonly<Record<RuleId, Rule["defaultConfiguration"]["level"]>> = {
  fails: "error",
  lost: "error",
  moved: "note",
  gained: "note",
  transfers: "none",
  absent: "none",
  inconclusive: "note",
  "not-measurable": "note",
  regression: "error",
};

/** Every rule, in the order of the vocabulary. */
export function rulesOf(): readonly Rule[] {
  const words = VERDICT_WORDS.map((word) =>
    describe(word, WORDS[word].title, sentence(WORDS[word].meaning)),
  );
  const regression = describe(
    REGRESSION_RULE,
    "regression",
    "The variable got worse than in an earlier audit.",
  );
  return [...words, regression];
}

function describe(id: RuleId, title: string, meaning: string): Rule {
  return {
    id,
    // SARIF wants a name that is one word
    name: title
      .split(" ")
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join(""),
    shortDescription: { text: `Causal variable: ${title}` },
    fullDescription: { text: meaning },
    help: { text: HELP[id] },
    defaultConfiguration: { level: LEVELS[id] },
  };
}
