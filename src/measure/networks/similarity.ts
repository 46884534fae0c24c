/** @file How alike the natural states of networks are that read the same runs: correlative, beside what exchanges find. */
import { present } from "../../errors.js";
import { takeRows } from "../../numeric/matrix.js";
import { cka, ckaName } from "../../similarity/cka.js";
import { rsa, rsaName } from "../../similarity/rsa.js";
import type { TaskedNetwork } from "./alignment-request.js";
import type { NetworkStates } from "./network-states.js";

/** One measure of one pair. */
export interface StateSimilarity {
  /** Indices of the networks. */
  readonly base: number;
  readonly tuned: number;
  /** The exact variant. */
  readonly measure: string;
  /** Absent where it is undefined: states that do not vary, too few of them. */
  readonly value: number | undefined;
  readonly n: number;
}

/** Linear CKA and RSA of each pair of networks with one task, over the states at the places of the held-out targets. */
export function compareStates(
  networks: readonly NetworkStates[],
  tasked: readonly TaskedNetwork[],
): readonly StateSimilarity[] {
  const states = networks.map(({ states: own, targets }) =>
    takeRows(own.normalised, targets.rows.test),
  );
  return states.flatMap((y, tuned) =>
    states.slice(0, tuned).flatMap((x, base) => {
      const [a, b] = [base, tuned].map((index) => present(tasked[index], "network").task.id);
      if (a !== b) return []; // other runs, and no item in common
      const facts = { base, tuned, n: x.rows };
      return [
        { ...facts, measure: ckaName(), value: cka(x, y) },
        { ...facts, measure: rsaName(), value: rsa(x, y) },
      ];
    }),
  );
}
