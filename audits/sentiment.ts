/**
 * @file Sentiment: does an opinion word decide how the speaker feels?
 */
import type { CausalAudit, Item } from "../src/plan/audit.js";
import { drawBalanced } from "./draw.js";
import { fill, spanOf } from "./template.js";
import { opinions, things } from "./words/adjectives.js";

const sentiments = ["positive", "negative"] as const;

const templates = [
  "The {thing} was {opinion}, and I was very",
  "She thought the {thing} was {opinion}, so she was very",
  "I thought the {thing} was {opinion}, so I was very",
  "My friend said that the {thing} was {opinion} and that she was very",
] as const;

/** All items with an opinion of this sign. */
function itemsOf(sentiment: (typeof sentiments)[number]): readonly Item[] {
  return opinions[sentiment].flatMap((opinion) =>
    templates.flatMap((template) =>
      things.map((thing): Item => {
        const filled = fill(template, { thing, opinion });
        return {
          prompt: filled.prompt,
          values: { sentiment },
          spans: { opinion: spanOf(filled, "opinion") },
          group: opinion,
        };
      }),
    ),
  );
}

/** Is the stated opinion positive or negative? */
export const sentiment: CausalAudit = {
  id: "sentiment",
  title: "Sentiment of an opinion",
  question: "Does the model read from the opinion word whether the speaker is pleased or let down?",
  why: "Tuning for a friendly tone can teach a model to sound happy whatever it read; output scores on kind inputs do not notice.",
  references: [
    "Radford, Jozefowicz and Sutskever (2017). Learning to Generate Reviews and Discovering Sentiment. arXiv:1704.01444.",
    "Tigges, Hollinsworth, Geiger and Nanda (2023). Linear Representations of Sentiment in Large Language Models. arXiv:2310.15154.",
  ],
  variables: { sentiment: sentiments },
  by: ["sentiment"],
  answers: { happy: [" happy", " pleased"], disappointed: [" disappointed", " upset"] },
  outcome: (values) => (values["sentiment"] === "negative" ? "disappointed" : "happy"),
  items: (stream, n) => drawBalanced(sentiments.map(itemsOf), { stream, n }),
  sites: ["last", "opinion"],
};
