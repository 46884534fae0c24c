/**
 * @file The words of the page, and the rule with the thresholds of this run.
 */
import type { JSX } from "preact";

import { LABEL_MEANINGS, type Multiplicity } from "../../verdict/verdicts.js";
import { listText, percentText } from "../figure-text.js";
import type { Result } from "../schema.js";
import { WORDS, WORD_ORDER } from "../words.js";
import { Word } from "./parts.js";

const CORRECTIONS: Readonly<Record<Multiplicity["method"], string>> = {
  holm: "Holm",
  "benjamini-hochberg": "Benjamini–Hochberg",
  none: "none",
};

/** How to read the page. */
export function Glossary({ result }: { readonly result: Result }): JSX.Element {
  const { policy, multiplicity } = result;
  return (
    <section aria-labelledby="reading">
      <h2 id="reading">How to read this</h2>
      <p>
        For each layer and position, a small subspace of the residual stream is learned in each
        model. Its content is then taken from one prompt (the source) and put in place of the
        content of another (the target). <strong>Interchange accuracy (IIA)</strong> is the share of
        such trials in which the answer becomes the one that the source's value calls for.
        “base→tuned” takes the state from the base and lets the tuned model continue.
      </p>
      <p>
        A model counts as encoding a variable where its own interchange stands more than{" "}
        {policy.tau} above the largest control. Where both do, each cross direction must reach{" "}
        {policy.ratio} of the target's own effect, with {percentText(policy.confidence)} intervals
        on at least {policy.minPairs} trials. {multiplicity.claims} claims of failure were tested;
        correction for their number: {CORRECTIONS[multiplicity.method]}. These words close the gate:{" "}
        {listText(policy.closesGate.map((word) => WORDS[word].title))}.
      </p>
      <dl>
        {WORD_ORDER.map((word) => (
          <>
            <dt>
              <Word word={word} /> ({WORDS[word].letter})
            </dt>
            <dd>{WORDS[word].meaning}</dd>
          </>
        ))}
        {Object.entries(LABEL_MEANINGS).map(([label, meaning]) => (
          <>
            <dt>label “{label}”</dt>
            <dd>{meaning}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}
