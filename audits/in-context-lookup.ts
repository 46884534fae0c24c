/**
 * @file In-context lookup: does the model find in the prompt what belongs to a key?
 *
 * The list is told four times: a model of 135M parameters that met it once would answer by recency instead.
 */
import type { CausalAudit, Item } from "../src/plan/audit.js";
import { drawBalanced } from "./draw.js";
import { fill, spanOf } from "./template.js";
import { carried } from "./words/carried.js";
import { people } from "./words/people.js";

const slots = ["first", "second"] as const;
type Slot = (typeof slots)[number];

const TIMES = 4;

/** Other things that stand beside the one that is asked for: so many places further in the list of things. */
const DISTANCES = [1, 3, 4] as const;

/** Two people; each person is in one pair only, so that pairs hold out people. */
type Pair = readonly [string, string];

const pairs: readonly Pair[] = people.female.names.flatMap((a, i) =>
  people.male.names.slice(i, i + 1).map((b) => [a, b] as const),
);

/** What a prompt holds. */
interface Listing {
  readonly keys: Pair;
  readonly things: readonly [string, string];
  readonly slot: Slot;
}

function promptOf({ keys, things, slot }: Listing): ReturnType<typeof fill> {
  const round = `${keys[0]} = ${things[0]}, ${keys[1]} = ${things[1]},`;
  const list = Array.from({ length: TIMES }, () => round).join(" ");
  return fill(`List: ${list} {key} =`, { key: slot === "first" ? keys[0] : keys[1] });
}

/** All items that look up this thing in this slot. */
function itemsOf(value: string, slot: Slot): readonly Item[] {
  return pairs.flatMap(([a, b]) =>
    (
      [
        [a, b],
        [b, a],
      ] as const
    ).flatMap((keys) =>
      othersOf(value).map((other): Item => {
        const things = slot === "first" ? ([value, other] as const) : ([other, value] as const);
        const filled = promptOf({ keys, things, slot });
        return {
          prompt: filled.prompt,
          values: { value, slot },
          spans: { key: spanOf(filled, "key") },
          group: `${a} ${b}`,
        };
      }),
    ),
  );
}

function othersOf(value: string): readonly string[] {
  const at = carried.indexOf(value);
  return DISTANCES.flatMap((distance) => {
    const place = (at + distance) % carried.length;
    return carried.slice(place, place + 1);
  });
}

/** Which thing belongs to the key that is asked for? The slot that holds it is balanced against it. */
export const inContextLookup: CausalAudit = {
  id: "in-context-lookup",
  title: "Lookup in the context",
  question:
    "Does the model find in its context the thing that belongs to the name that is asked for?",
  why: "Answers from documents, tools and instructions all stand on lookup; a fine-tune on short texts can wear it away unseen.",
  references: [
    "Olsson, Elhage, Nanda, Joseph et al. (2022). In-context Learning and Induction Heads. arXiv:2209.11895.",
    "Feng and Steinhardt (2024). How do Language Models Bind Entities in Context? ICLR. arXiv:2310.17191.",
  ],
  variables: { value: carried, slot: slots },
  by: ["value"],
  answers: Object.fromEntries(carried.map((thing) => [thing, [` ${thing}`]])),
  outcome: ({ value }) => `${value}`,
  items: (stream, n) =>
    drawBalanced(
      carried.flatMap((value) => slots.map((slot) => itemsOf(value, slot))),
      { stream, n },
    ),
  sites: ["last", "key"],
};
