/**
 * @file Successor: does the model know what comes next in an order that it has learned?
 *
 * The number that is given decides the answer by itself, so it cannot be held out: what is held out are the examples
 * that stand before it. They show the task and never the answer.
 */
import { present } from "../src/errors.js";
import type { AnswerClass, CausalAudit, Item, Scalar } from "../src/plan/audit.js";
import { drawBalanced } from "./draw.js";
import { fill, spanOf } from "./template.js";
import { counting } from "./words/counting.js";

/** Numbers that have a next one. */
const givens = counting.slice(0, -1);

/** @throws {@link InvariantError} for what is no number with a next one. */
function nextOf(number: Scalar | undefined): AnswerClass {
  const place = givens.findIndex((word) => word === number);
  return present(place === -1 ? undefined : counting[place + 1], `number after ${number}`);
}

/** Steps from one example to the next, modulo the number of givens: never 1, which would be plain counting. */
const STEPS = [2, 3, 4] as const;

/** All rows of four examples: what a walk from each start by each three steps meets, unless it comes round. */
const rows: readonly (readonly string[])[] = givens
  .flatMap((_, start) =>
    STEPS.flatMap((a) => STEPS.flatMap((b) => STEPS.map((c) => walk(start, [a, b, c])))),
  )
  .filter((row) => new Set(row).size === row.length);

function walk(start: number, steps: readonly number[]): readonly string[] {
  const places = steps.reduce<readonly number[]>(
    (met, step) => [...met, present(met.at(-1), "place") + step],
    [start],
  );
  return places.map((place) => present(givens[place % givens.length], `given ${place}`));
}

/** Does a row leave the question open? None of its examples begins with what is asked, and none holds the answer. */
function isOpen(row: readonly string[], given: string): boolean {
  return row.every((shown) => shown !== given && shown !== nextOf(given));
}

/** All items that ask what comes after this number. */
function itemsOf(given: string): readonly Item[] {
  return rows
    .filter((row) => isOpen(row, given))
    .map((row): Item => {
      const shots = row.map((shown) => `${shown}, ${nextOf(shown)};`).join(" ");
      const filled = fill(`${shots} {number},`, { number: given });
      return {
        prompt: filled.prompt,
        values: { number: given },
        spans: { number: spanOf(filled, "number") },
        group: shots,
      };
    });
}

/** Which number is given, and so which comes next? */
export const successor: CausalAudit = {
  id: "successor",
  title: "Successor of a number",
  question: "Does the model still know which number comes after the one that was given?",
  why: "Order is used wherever a model counts, dates or sorts; the circuit behind it is small and shared, so one damaged part breaks many tasks.",
  references: [
    "Gould, Ong, Ogden and Conmy (2023). Successor Heads: Recurring, Interpretable Attention Heads In The Wild. arXiv:2312.09230.",
    "Hanna, Liu and Variengien (2023). How Does GPT-2 Compute Greater-Than?: Interpreting Mathematical Abilities in a Pre-Trained Language Model. NeurIPS. arXiv:2305.00586.",
  ],
  variables: { number: givens },
  by: ["number"],
  answers: Object.fromEntries(counting.slice(1).map((word) => [word, [` ${word}`]])),
  outcome: ({ number }) => nextOf(number),
  items: (stream, n) => drawBalanced(givens.map(itemsOf), { stream, n }),
  sites: ["last", "number"],
};
