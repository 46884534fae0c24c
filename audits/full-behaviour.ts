/**
 * @file Full behaviour: does everything that a model has read about a text, as a whole, mean the same to both models?
 */
import type { Text, TextAudit } from "../src/plan/text-audit.js";
import type { Stream } from "../src/stats/stream.js";
import { actors, deeds, looks, objects, places, traits, ways } from "./words/scenes.js";

/** Words before which no text ends: "The", a trait and an actor say too little to call it a context. */
const SHORTEST = 3;
/** Draws per text wanted, after which the words are used up. */
const TRIES = 20;

/** A scene, broken off after a random word. Every text begins with "The" (`TextAudit.texts`). */
function drawText(stream: Stream): Text {
  const actor = stream.pick(actors);
  const maybe = (words: readonly string[]): readonly string[] =>
    stream.next() < 1 / 2 ? [stream.pick(words)] : [];
  const words = [
    ...["The", ...maybe(traits), actor, stream.pick(deeds), "the"],
    ...[...maybe(looks), stream.pick(objects), stream.pick(ways), "the"],
    ...[stream.pick(places), "and"],
  ];
  const end = SHORTEST + stream.int(words.length - SHORTEST + 1);
  return { prompt: words.slice(0, end).join(" "), group: actor };
}

/** Whatever is said next, after any beginning of an everyday scene. */
export const fullBehaviour: TextAudit = {
  id: "full-behaviour",
  title: "Full behaviour",
  question:
    "Can everything that one model has read stand in for what the other has read, whatever comes next?",
  why: "The named audits look where somebody thought of looking; this one asks whether the two models still think in exchangeable states at all.",
  references: [
    "Grant (2025). Model Alignment Search. arXiv:2501.06164.",
    "Geiger, Wu, Potts, Icard and Goodman (2024). Finding Alignments Between Interpretable Causal Variables and Distributed Neural Representations. CLeaR. arXiv:2303.02536.",
  ],
  texts(stream, n) {
    const found = new Map<string, Text>();
    for (let i = 0; i < TRIES * n && found.size < n; i++) {
      const text = drawText(stream);
      found.set(text.prompt, text);
    }
    return [...found.values()];
  },
};
