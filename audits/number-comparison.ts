/**
 * @file Comparison of numbers: does the model tell which of two numbers is larger?
 *
 * Both numbers are two digits long, and each pair is asked both ways round. Only the second number is a position worth
 * patching: at the first one the comparison cannot have been made.
 */
import type { CausalAudit, Item } from "../src/plan/audit.js";
import { drawBalanced } from "./draw.js";
import { fill, spanOf } from "./template.js";

const places = ["first", "second"] as const;
type Place = (typeof places)[number];

/**
 * Examples in signs show the task without naming an answer: with answers shown, a 135M model repeats one of them. These
 * two rows gave the least bias of those tried on that model.
 */
const SHOWN = ["30 < 80, 90 > 40, 70 > 20, 15 < 60", "40 < 90, 80 > 30, 60 > 10, 20 < 70"] as const;

const SMALLEST = 11;
const LARGEST = 99;
/** Differences of the two numbers: large enough to be seen, small enough that one number alone does not tell. */
const DIFFERENCES = [17, 26, 33, 38] as const;

/** Pairs of numbers, the smaller one first. */
const pairs = DIFFERENCES.flatMap((difference) =>
  Array.from({ length: LARGEST - difference - SMALLEST + 1 }, (_, i) => ({
    less: SMALLEST + i,
    more: SMALLEST + i + difference,
  })),
);

/** All items whose larger number stands at this place. */
function itemsOf(larger: Place): readonly Item[] {
  return pairs.flatMap(({ less, more }) =>
    SHOWN.map((shown): Item => {
      const [first, second] = larger === "first" ? [more, less] : [less, more];
      const filled = fill("{shown}. Of {first} and {second}, the first is", {
        shown,
        first: `${first}`,
        second: `${second}`,
      });
      return {
        prompt: filled.prompt,
        values: { larger },
        spans: { second: spanOf(filled, "second") },
        group: `${less} ${more}`, // both ways round are held out together
      };
    }),
  );
}

/** Is the larger number the first or the second? */
export const numberComparison: CausalAudit = {
  id: "number-comparison",
  title: "Comparison of two numbers",
  question: "Does the model tell which of two numbers is the larger one?",
  why: "Sizes, dates and prices are compared in most uses of a model; an error there is rarely seen by tests of style or tone.",
  references: [
    "Hanna, Liu and Variengien (2023). How Does GPT-2 Compute Greater-Than?: Interpreting Mathematical Abilities in a Pre-Trained Language Model. NeurIPS. arXiv:2305.00586.",
    "Wallace, Wang, Li, Singh and Gardner (2019). Do NLP Models Know Numbers? Probing Numeracy in Embeddings. EMNLP. arXiv:1909.07940.",
  ],
  variables: { larger: places },
  by: ["larger"],
  answers: { larger: [" larger"], smaller: [" smaller"] },
  outcome: (values) => (values["larger"] === "first" ? "larger" : "smaller"),
  items: (stream, n) => drawBalanced(places.map(itemsOf), { stream, n }),
  sites: ["last", "second"],
};
