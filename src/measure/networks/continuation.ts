/**
 * @file How a small network goes on from patched states: the step of the patch, then the rest of each run step by step,
 * and back again with the gradient (reverse mode through time: each step's vector–Jacobian product is a graph of ours).
 */
import type { Behaviour, Outcome, RunMode } from "../../align/transfer/problem.js";
import { NumericsError, present } from "../../errors.js";
import { PATCHED } from "../../models/network/step-graphs.js";
import { i32 } from "../../numeric/vector.js";
import {
  float32Data,
  int64,
  tensor,
  type Feeds,
  type RuntimeTensor,
} from "../../runtime/tensor.js";
import { carryOn, emptyCarry, firstRows, pickRows } from "./carry.js";
import { ANY, inputAt, type Episode } from "./episode.js";
import { crossEntropyNats, largestAt } from "./logits.js";
import { longestFirst } from "./row-order.js";
import type { Steps } from "./steps.js";

/** The rest of a run, from the step of the patch on. */
export interface Rest extends Episode {
  /** Row of the carried state before that step, among those given to {@link continueFrom}. */
  readonly place: number;
  /** Whether all labels before the patch were answered rightly: a trial counts as a whole. */
  readonly rightBefore: boolean;
  /** `[step]`: stepwise, the tokens up to the place, whose states are patched too; the run begins with them. */
  readonly before?: Int32Array;
}

/** Rows that run at once. */
const ROWS = 1024;

/** A behaviour whose episodes are `rests`. A trial whose scored tokens are all right is the same in every mode. */
export function continueFrom(
  steps: Steps,
  { rests, carry }: { readonly rests: readonly Rest[]; readonly carry: Feeds },
): Behaviour {
  return {
    async run({ episodes, states, mode }) {
      const { d } = steps.network;
      const n = episodes.length;
      const all = Array.from(episodes, (episode) => present(rests[episode], "episode"));
      const out = {
        lossNats: new Float64Array(n),
        right: new Uint8Array(n),
        tokenShare: new Float64Array(n),
        ...(mode === "slope" && { slope: new Float32Array(states.length) }),
      };
      for (const chunk of chunksOf(all)) {
        const order = longestFirst(chunk.map((r) => present(all[r], "row"))).map((i) => present(chunk[i], "row")); // prettier-ignore
        const rows = { steps, rests: order.map((r) => present(all[r], "row")), carry };
        const places = rowsOfSteps(all, order);
        await runBlock(rows, { places, states, order, mode, out, d });
      }
      return out;
    },
  };
}

/** Rows that run together: as many patched steps each, and not too many. */
function chunksOf(all: readonly Rest[]): number[][] {
  const lengths = all.map(({ before }) => before?.length ?? 0);
  return [...new Set(lengths)].flatMap((length) => {
    const alike = [...all.keys()].filter((r) => lengths[r] === length);
    const starts = Array.from({ length: Math.ceil(alike.length / ROWS) }, (_, i) => i * ROWS);
    return starts.map((first) => alike.slice(first, first + ROWS));
  });
}

/** `[step][row]`: which of the given states is put in at each patched step; the one at the place comes last. */
function rowsOfSteps(all: readonly Rest[], order: readonly number[]): readonly number[][] {
  const firsts: number[] = [];
  let next = all.length;
  for (const { before } of all) {
    firsts.push(next);
    next += before?.length ?? 0;
  }
  const length = all[order[0] ?? 0]?.before?.length ?? 0;
  const earlier = Array.from({ length }, (_, step) => order.map((r) => (firsts[r] ?? 0) + step));
  return [...earlier, [...order]];
}

interface Block {
  readonly steps: Steps;
  /** `[row]`, longest first. */
  readonly rests: readonly Rest[];
  readonly carry: Feeds;
}

/** What a forward step leaves for the way back. */
interface Trace {
  readonly feeds: Feeds;
  readonly rows: number;
  /** dL/d(logits) `[row, class]`. */
  readonly slope: RuntimeTensor;
}

async function runBlock(
  { steps, rests, carry }: Block,
  {
    places,
    states,
    order,
    mode,
    out,
    d,
  }: {
    /** `[patched step][row]`, index of a state. */
    readonly places: readonly (readonly number[])[];
    readonly states: Float32Array;
    readonly order: readonly number[];
    readonly mode: RunMode;
    readonly out: Outcome;
    readonly d: number;
  },
): Promise<void> {
  const { network } = steps;
  const patchAt = (step: number): Feeds => {
    const from = present(places[step], "patched step");
    const patched = new Float32Array(from.length * d);
    from.forEach((at, i) => {
      patched.set(states.subarray(at * d, (at + 1) * d), i * d);
    });
    return { [PATCHED]: tensor("float32", [from.length, d], patched) };
  };
  const tallies = rests.map(tallyOf);
  const traces: Trace[] = [];
  const lead = places.length - 1;
  let carried =
    rests[0]?.before === undefined
      ? pickRows(
          carry,
          rests.map(({ place }) => place),
        )
      : emptyCarry(network, rests.length);
  for (let step = 0; step < lead; step++) {
    const tokens = rests.map(({ before }) => i32(present(before, "tokens"), step));
    const feeds: Feeds = {
      ...carried,
      [network.input.name]: int64([rests.length], tokens),
      ...patchAt(step),
    };
    const outputs = await steps.run("patchedStep", feeds);
    const silent = new Float32Array(rests.length * network.classes);
    const slope = tensor("float32", [rests.length, network.classes], silent);
    if (mode === "slope") traces.push({ feeds, rows: rests.length, slope });
    carried = carryOn(network, outputs);
  }
  let generated: Int32Array | undefined;
  const longest = present(rests[0], "longest rest").labels.length;
  for (let step = 0; step < longest; step++) {
    const active = rests.filter(({ labels }) => labels.length > step);
    const feeds: Feeds = {
      ...firstRows(carried, active.length),
      [network.input.name]: inputAt(network, active, { step, ...(generated && { generated }) }),
      ...(step === 0 && patchAt(lead)),
    };
    const outputs = await steps.run(step === 0 ? "patchedStep" : "naturalStep", feeds);
    const logits = float32Data(outputs, network.logits.name);
    const scored = scoreStep({ logits, active, tallies, step, classes: network.classes });
    if (mode === "slope") traces.push({ feeds, rows: active.length, slope: scored.slope });
    if (mode === "trial") generated = scored.generated;
    carried = carryOn(network, outputs);
  }
  order.forEach((r, i) => {
    const tally = present(tallies[i], "tally");
    const { rightBefore } = present(rests[i], "rest");
    out.lossNats[r] = tally.lossNats;
    out.right[r] = tally.right === tally.scored && rightBefore ? 1 : 0;
    out.tokenShare[r] = tally.scored === 0 ? 1 : tally.right / tally.scored;
  });
  if (out.slope === undefined) return;
  const slopes = await pullBack(steps, traces, places.length);
  for (const [step, from] of places.entries()) {
    const slope = present(slopes[step], "slope of a patched step");
    from.forEach((at, i) => out.slope?.set(slope.subarray(i * d, (i + 1) * d), at * d));
  }
}

interface Tally {
  readonly scored: number;
  lossNats: number;
  right: number;
}

function tallyOf({ labels }: Episode): Tally {
  return { scored: labels.filter((label) => label !== ANY).length, lossNats: 0, right: 0 };
}

/** Adds one step to the tallies; returns the slope of the logits, and the tokens that a free run would read next. */
function scoreStep({
  logits,
  active,
  tallies,
  step,
  classes,
}: {
  readonly logits: Float32Array;
  readonly active: readonly Episode[];
  readonly tallies: readonly Tally[];
  readonly step: number;
  readonly classes: number;
}): { readonly slope: RuntimeTensor; readonly generated: Int32Array } {
  const answers = largestAt(logits, classes);
  const slope = new Float32Array(logits.length);
  const generated = new Int32Array(active.length).fill(ANY);
  active.forEach(({ labels }, row) => {
    const label = i32(labels, step);
    if (label === ANY) return;
    const tally = present(tallies[row], "tally");
    const weight = 1 / tally.scored;
    const loss = crossEntropyNats(logits, { row, classes, label }, { slope, weight });
    if (!Number.isFinite(loss)) throw notFinite(step);
    tally.lossNats += weight * loss;
    if (i32(answers, row) === label) tally.right++;
    generated[row] = i32(answers, row);
  });
  return { slope: tensor("float32", [active.length, classes], slope), generated };
}

/**
 * dL/d(patched) `[row, d]` of each of the first `patched` steps: back through the steps, each with what the step after it
 * says of its carried values.
 */
async function pullBack(
  steps: Steps,
  traces: readonly Trace[],
  patched: number,
): Promise<readonly Float32Array[]> {
  const { network } = steps;
  const slopes: Float32Array[] = [];
  let later: Feeds = {};
  for (let step = traces.length - 1; step >= 0; step--) {
    const { feeds, rows, slope } = present(traces[step], "trace");
    const upstream = {
      ...feeds,
      [`upstream/${network.logits.name}`]: slope,
      ...upstreamOf(steps, { later, rows, feeds }),
    };
    const isPatched = step < patched;
    const kind =
      isPatched && step > 0 ? "patchedThrough" : isPatched ? "patchedSlope" : "naturalSlope";
    later = await steps.run(kind, upstream);
    if (isPatched) slopes.unshift(float32Data(later, `gradient/${PATCHED}`));
  }
  return slopes;
}

/** `upstream/OUTPUT` of every carried float: the gradient of the next step's input; 0 for rows that have ended there. */
function upstreamOf(
  { network }: Steps,
  { later, rows, feeds }: { readonly later: Feeds; readonly rows: number; readonly feeds: Feeds },
): Feeds {
  const found = network.carry.flatMap(({ input, output }) => {
    const like = feeds[input.name];
    if (like?.dtype !== "float32") return [];
    const data = new Float32Array(like.data.length);
    const slope = later[`gradient/${input.name}`];
    if (slope !== undefined) data.set(float32Data(later, `gradient/${input.name}`));
    return [
      [`upstream/${output.name}`, tensor("float32", [rows, ...like.dims.slice(1)], data)] as const,
    ];
  });
  return Object.fromEntries(found);
}

function notFinite(step: number): NumericsError {
  return new NumericsError("a patched network answers with something that is not finite", {
    code: "NOT_FINITE",
    where: `step ${step} after the patch`,
    expected: "finite logits",
    found: "infinity or NaN",
    hint: "the network overflows on patched states: try a smaller learning rate",
  });
}
