/**
 * @file How a small network goes on from patched states: the step of the patch, then the rest of each run step by step,
 * and back again with the gradient (reverse mode through time: each step's vector–Jacobian product is a graph of ours).
 */
import type { Behaviour, Outcome, RunMode } from "../../align/transfer/problem.js";
import { invariant, NumericsError, present } from "../../errors.js";
import { PATCHED } from "../../models/network/step-graphs.js";
import { i32 } from "../../numeric/vector.js";
import { float32Data, tensor, type Feeds, type RuntimeTensor } from "../../runtime/tensor.js";
import { carryOn, firstRows, pickRows } from "./carry.js";
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
      const out = {
        lossNats: new Float64Array(n),
        right: new Uint8Array(n),
        tokenShare: new Float64Array(n),
        ...(mode === "slope" && { slope: new Float32Array(n * d) }),
      };
      const all = Array.from(episodes, (episode) => present(rests[episode], "episode"));
      for (let first = 0; first < n; first += ROWS) {
        const order = longestFirst(all.slice(first, first + ROWS)).map((r) => r + first);
        const rows = { steps, rests: order.map((r) => present(all[r], "row")), carry };
        await runBlock(rows, { states, order, mode, out });
      }
      return out;
    },
  };
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
    states,
    order,
    mode,
    out,
  }: {
    readonly states: Float32Array;
    readonly order: readonly number[];
    readonly mode: RunMode;
    readonly out: Outcome;
  },
): Promise<void> {
  const { network } = steps;
  const { d } = network;
  const patched = new Float32Array(order.length * d);
  order.forEach((r, i) => {
    patched.set(states.subarray(r * d, (r + 1) * d), i * d);
  });
  const tallies = rests.map(tallyOf);
  const traces: Trace[] = [];
  let carried = pickRows(
    carry,
    rests.map(({ place }) => place),
  );
  let generated: Int32Array | undefined;
  const longest = present(rests[0], "longest rest").labels.length;
  for (let step = 0; step < longest; step++) {
    const active = rests.filter(({ labels }) => labels.length > step);
    const feeds: Feeds = {
      ...firstRows(carried, active.length),
      [network.input.name]: inputAt(network, active, { step, ...(generated && { generated }) }),
      ...(step === 0 && { [PATCHED]: tensor("float32", [order.length, d], patched) }),
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
  const slope = await pullBack(steps, traces);
  order.forEach((r, i) => out.slope?.set(slope.subarray(i * d, (i + 1) * d), r * d));
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

/** dL/d(patched) `[row, d]`: back through the steps, each with what the step after it says of its carried values. */
async function pullBack(steps: Steps, traces: readonly Trace[]): Promise<Float32Array> {
  const { network } = steps;
  let later: Feeds = {};
  for (let step = traces.length - 1; step >= 0; step--) {
    const { feeds, rows, slope } = present(traces[step], "trace");
    const upstream = {
      ...feeds,
      [`upstream/${network.logits.name}`]: slope,
      ...upstreamOf(steps, { later, rows, feeds }),
    };
    if (step === 0) {
      const outputs = await steps.run("patchedSlope", upstream);
      return float32Data(outputs, `gradient/${PATCHED}`);
    }
    later = await steps.run("naturalSlope", upstream);
  }
  invariant(false, "a run without steps");
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
