/** @file Runs of a small network as they are: its answers, and at one place of each run its state and what it carries. */
import { present } from "../../errors.js";
import { i32 } from "../../numeric/vector.js";
import { float32Data, type Feeds } from "../../runtime/tensor.js";
import { carryOn, emptyCarry, firstRows, putRow } from "./carry.js";
import { ANY, inputAt, type Episode } from "./episode.js";
import { largestAt } from "./logits.js";
import { longestFirst } from "./row-order.js";
import type { Steps } from "./steps.js";

/** Natural runs, `[run]` in the order asked for. */
export interface NaturalRuns {
  /** `[run, d]`: the state at the place of the run, after it has read the token there. */
  readonly states: Float32Array;
  /** `[earlier state, d]`: those at all positions before it, run by run; empty unless asked for. */
  readonly earlier: Float32Array;
  /** What each run carries into the step of its place. */
  readonly carry: Feeds;
  /** 1 where every label before the place was answered rightly. */
  readonly rightBefore: Uint8Array;
  /** 1 where every label of the run was answered rightly. */
  readonly right: Uint8Array;
}

/** Runs that go at once; bounds what is carried. */
const ROWS = 512;

/**
 * Runs episodes with their own tokens (teacher-forced: a run that answers all labels rightly generates the same).
 *
 * @param places - `[run]`, step of each run.
 * @param isStepwise - keeps the states before the places too.
 */
export async function runNaturally(
  steps: Steps,
  episodes: readonly Episode[],
  places: Int32Array,
  isStepwise = false,
): Promise<NaturalRuns> {
  const { network } = steps;
  const n = episodes.length;
  const firsts = places.slice();
  let total = 0;
  places.forEach((place, run) => {
    firsts[run] = total;
    total += isStepwise ? place : 0;
  });
  const found = {
    states: new Float32Array(n * network.d),
    earlier: new Float32Array(total * network.d),
    carry: emptyCarry(network, n),
    rightBefore: new Uint8Array(n).fill(1),
    right: new Uint8Array(n).fill(1),
  };
  for (let first = 0; first < n; first += ROWS) {
    const order = longestFirst(episodes.slice(first, first + ROWS)).map((r) => r + first);
    await runBlock(steps, { episodes, places, firsts, isStepwise, order }, found);
  }
  return found;
}

async function runBlock(
  steps: Steps,
  {
    episodes,
    places,
    firsts,
    isStepwise,
    order,
  }: {
    readonly episodes: readonly Episode[];
    readonly places: Int32Array;
    /** `[run]`, row of its first earlier state. */
    readonly firsts: Int32Array;
    readonly isStepwise: boolean;
    readonly order: readonly number[];
  },
  found: NaturalRuns,
): Promise<void> {
  const { network } = steps;
  const own = order.map((run) => present(episodes[run], "episode"));
  const longest = present(own[0], "longest run").labels.length;
  let carry = emptyCarry(network, order.length);
  for (let step = 0; step < longest; step++) {
    const active = own.filter(({ labels }) => labels.length > step);
    const before = firstRows(carry, active.length);
    const outputs = await steps.run("naturalStep", {
      ...before,
      [network.input.name]: inputAt(network, active, { step }),
    });
    const answers = largestAt(float32Data(outputs, network.logits.name), network.classes);
    const states = float32Data(outputs, network.site.name);
    active.forEach(({ labels }, r) => {
      const run = present(order[r], "run");
      const place = i32(places, run);
      if (isStepwise && step < place) {
        const own = states.subarray(r * network.d, (r + 1) * network.d);
        found.earlier.set(own, (i32(firsts, run) + step) * network.d);
      }
      if (place === step) {
        found.states.set(states.subarray(r * network.d, (r + 1) * network.d), run * network.d);
        putRow(before, r, { into: found.carry, to: run });
      }
      const label = i32(labels, step);
      if (label === ANY || label === i32(answers, r)) return;
      found.right[run] = 0;
      if (step < place) found.rightBefore[run] = 0;
    });
    carry = carryOn(network, outputs);
  }
}
