import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { failedTrials, MAX_EXAMPLES } from "../../src/measure/examples.js";
import { spellHits } from "../../src/measure/trial-runner.js";

const CLASSES = ["is", "are", "was"];
const klass = fc.integer({ min: 0, max: CLASSES.length - 1 });

describe("examples of failing trials", () => {
  it("are the first misses in the order of the trials, at most five, with both answers by name", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(klass, klass), { maxLength: 40 }), (pairs) => {
        const answers = Int32Array.from(pairs, ([answer]) => answer);
        const labels = Int32Array.from(pairs, ([, label]) => label);
        const hits = spellHits(answers, labels);
        const missed = Array.from(hits).flatMap((hit, trial) => (hit === "0" ? [trial] : []));
        const found = failedTrials({ answers, labels, classes: CLASSES });
        expect(found.map(({ trial }) => trial)).toEqual(missed.slice(0, MAX_EXAMPLES));
        for (const { trial, answer, expected } of found) {
          expect([answer, expected]).toEqual(pairs[trial]!.map((at) => CLASSES[at]));
        }
      }),
    );
  });
});
