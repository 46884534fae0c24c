/**
 * @file Capital of a country: does the model recall a fact about what is named?
 *
 * The country decides the answer by itself, so it cannot be held out: what is held out is who speaks and how.
 */
import { present } from "../src/errors.js";
import type { AnswerClass, CausalAudit, Item, Scalar } from "../src/plan/audit.js";
import { drawBalanced } from "./draw.js";
import { fill, spanOf } from "./template.js";
import { capitals, speakers } from "./words/capitals.js";

const countries = Object.keys(capitals);

const templates = [
  "{speaker} learned that the capital of {country} is",
  "{speaker} told us that the capital of {country} is",
  "{speaker} lives in the capital of {country}, which is called",
  "{speaker} moved to the capital of {country}, the city of",
  "{speaker} flew to the capital of {country},",
  "{speaker} asked for a map of {country} and of its capital,",
] as const;

/** All items about a country. */
function itemsOf(country: string): readonly Item[] {
  return templates.flatMap((template) =>
    speakers.map((speaker): Item => {
      const filled = fill(template, { speaker, country });
      return {
        prompt: filled.prompt,
        values: { country },
        spans: { country: spanOf(filled, "country") },
        group: fill(template, { speaker, country: "" }).prompt,
      };
    }),
  );
}

/** @throws {@link InvariantError} for a country that is none of ours. */
function capitalOf(country: Scalar | undefined): AnswerClass {
  const known = new Map<Scalar | undefined, AnswerClass>(Object.entries(capitals));
  return present(known.get(country), `capital of ${country}`);
}

/** Which country's capital is asked for? */
export const capitalOfCountry: CausalAudit = {
  id: "capital-of-country",
  title: "Capital of a country",
  question: "Does the model still recall which city is the capital of the country that was named?",
  why: "Recall of facts is the first thing to wear off in a long fine-tune, and a model edited for one fact can lose its neighbours.",
  references: [
    "Meng, Bau, Andonian and Belinkov (2022). Locating and Editing Factual Associations in GPT. NeurIPS. arXiv:2202.05262.",
    "Huang, Wu, Potts, Geva and Geiger (2024). RAVEL: Evaluating Interpretability Methods on Disentangling Language Model Representations. ACL. arXiv:2402.17700.",
  ],
  variables: { country: countries },
  by: ["country"],
  answers: Object.fromEntries(Object.values(capitals).map((city) => [city, [` ${city}`]])),
  outcome: ({ country }) => capitalOf(country),
  items: (stream, n) => drawBalanced(countries.map(itemsOf), { stream, n }),
  sites: ["last", "country"],
};
