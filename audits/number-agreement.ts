/**
 * @file Number agreement: does the verb follow the subject, over a noun that stands nearer to it?
 */
import type { CausalAudit, Item } from "../src/plan/audit.js";
import { drawBalanced } from "./draw.js";
import { fill, spanOf } from "./template.js";
import { places, prepositions, subjects } from "./words/nouns.js";

const numbers = ["singular", "plural"] as const;
type Num = (typeof numbers)[number];

/** All items whose subject and attractor have these numbers. */
function itemsOf(number: Num, attractor: Num): readonly Item[] {
  return subjects.flatMap((subject) =>
    prepositions.flatMap((preposition) =>
      places.map((place): Item => {
        const filled = fill("The {subject} {preposition} the {place}", {
          subject: subject[number],
          preposition,
          place: place[attractor],
        });
        return {
          prompt: filled.prompt,
          values: { number, attractor },
          spans: { subject: spanOf(filled, "subject") },
          group: subject.singular, // both numbers of a noun are held out together
        };
      }),
    ),
  );
}

/** Is the subject singular or plural? The attractor's number is balanced against it. */
export const numberAgreement: CausalAudit = {
  id: "number-agreement",
  title: "Number agreement over an attractor",
  question:
    "Does the model track whether the subject is one or many, even when another noun stands between it and the verb?",
  why: "Agreement is the plainest sign that grammar survived a fine-tune: it breaks without showing in most benchmarks.",
  references: [
    "Linzen, Dupoux and Goldberg (2016). Assessing the Ability of LSTMs to Learn Syntax-Sensitive Dependencies. TACL 4:521–535.",
    "Finlayson, Mueller, Gehrmann, Shieber, Linzen and Belinkov (2021). Causal Analysis of Syntactic Agreement Mechanisms in Neural Language Models. ACL. arXiv:2106.06087.",
  ],
  variables: { number: numbers, attractor: numbers },
  by: ["number"],
  answers: { is: [" is", " was"], are: [" are", " were"] },
  outcome: (values) => (values["number"] === "plural" ? "are" : "is"),
  items: (stream, n) =>
    drawBalanced(
      numbers.flatMap((number) => numbers.map((attractor) => itemsOf(number, attractor))),
      { stream, n },
    ),
  sites: ["last", "subject"],
};
