/** @file A small alignment as the command writes it. */
import { ALIGNMENT_SCHEMA, alignmentSchema } from "../../src/report/schema-alignment.js";

const measure = (value: number) => ({
  ...{ kind: "value", value, n: 100 },
  interval: [value - 0.05, value + 0.05],
  method: "wilson",
  unit: "share",
});
const direction = (source: string, target: string, value: number) => ({
  ...{ source, target, exchanges: "count", learned: source === target, iia: measure(value) },
  ...{ tokenShare: 0.9, noIntervention: measure(0.1), permuted: measure(0.1) },
  ...{ randomSubspace: measure(0.1), closedForm: measure(0.5) },
  ...(source === target && { fullSwap: measure(1) }),
});
const network = (name: string) => ({
  ...{ name, task: "multi-object", d: 4 },
  natural: { hits: 99, n: 100 },
});
const run = (seed: number, value: number) => ({
  ...{ seed, sizes: [2], steps: 10, bestStep: 10, validationLossNats: [1, 0.5] },
  networks: [network("one"), network("<two>")],
  directions: [
    direction("one", "one", value),
    direction("one", "<two>", value),
    direction("<two>", "one", value),
  ],
  similarities: [{ base: "one", tuned: "<two>", measure: "linear CKA", value: null, n: 100 }],
  pairs: [
    {
      ...{ base: "one", tuned: "<two>", exchanges: "count", verdict: "lost", n: 100 },
      ...{ reasons: ["tuned does not encode it"], ratio: {} },
    },
  ],
});
/** Two seeds of two networks; one name is made to break a page. */
export const sampleAlignment = alignmentSchema.parse({
  ...{ schema: ALIGNMENT_SCHEMA, method: "mas", map: "orthogonal", closed: ["<two>"] },
  blocks: [{ name: "count", variables: ["count"], k: 2 }],
  runs: [run(0, 0.75), run(1, 0.25)],
});
