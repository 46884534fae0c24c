/**
 * @file Pronoun gender: does a name or a noun decide which pronoun follows?
 */
import type { CausalAudit, Item } from "../src/plan/audit.js";
import { drawBalanced } from "./draw.js";
import { fill, spanOf } from "./template.js";
import { people } from "./words/people.js";

const genders = ["female", "male"] as const;
type Gender = (typeof genders)[number];

// none begins with the person: a word on the first token is never a site
const templates = [
  "Yesterday {article}{person} stayed at home because",
  "After work {article}{person} went to bed because",
  "When the phone rang, {article}{person} said that",
  "Last night {article}{person} was so tired that",
  "In the morning {article}{person} called to say that",
  "On Monday {article}{person} was late because",
  "At dinner {article}{person} told us that",
  "Last week {article}{person} was happy because",
  "Everyone knew that {article}{person} was proud because",
  "After the storm {article}{person} could not sleep because",
] as const;

/** A person with what stands before the word. */
interface Mention {
  readonly article: "" | "the ";
  readonly person: string;
}

function mentionsOf(gender: Gender): readonly Mention[] {
  const { names, nouns } = people[gender];
  return [
    ...names.map((person) => ({ article: "", person }) as const),
    ...nouns.map((person) => ({ article: "the ", person }) as const),
  ];
}

/** All items about people of this gender. */
function itemsOf(gender: Gender): readonly Item[] {
  return mentionsOf(gender).flatMap(({ article, person }) =>
    templates.map((template): Item => {
      const filled = fill(template, { article, person });
      return {
        prompt: filled.prompt,
        values: { gender },
        spans: { person: spanOf(filled, "person") },
        group: person,
      };
    }),
  );
}

/** Is the person that was named referred to as she or as he? */
export const pronounGender: CausalAudit = {
  id: "pronoun-gender",
  title: "Gender of a pronoun",
  question: "Does the model read from a name or a noun which pronoun refers back to it?",
  why: "Reference is a skill that every text needs; a fine-tune against bias can flatten it together with the bias it was meant for.",
  references: [
    "Vig, Gehrmann, Belinkov, Qian, Nevo, Singer and Shieber (2020). Investigating Gender Bias in Language Models Using Causal Mediation Analysis. NeurIPS. arXiv:2004.12265.",
    "Zhao, Wang, Yatskar, Ordonez and Chang (2018). Gender Bias in Coreference Resolution: Evaluation and Debiasing Methods. NAACL. arXiv:1804.06876.",
  ],
  variables: { gender: genders },
  by: ["gender"],
  answers: { she: [" she"], he: [" he"] },
  outcome: (values) => (values["gender"] === "female" ? "she" : "he"),
  items: (stream, n) => drawBalanced(genders.map(itemsOf), { stream, n }),
  sites: ["last", "person"],
};
