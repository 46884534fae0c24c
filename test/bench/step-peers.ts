/** @file The PyTorch peers of a step: the task they are given, what they must agree on, how each is timed. */
import { z } from "zod";
import { NumericsError, present } from "../../src/errors.js";
import { median } from "../../src/numeric/quantile.js";
import type { BenchOptions } from "./options.js";
import { peerTask } from "./peer-task.js";
import type { Peer } from "./peer.js";
import type { Times } from "./spread.js";
import { LEARNING_RATE, type StepSubject } from "./step-subject.js";

/** Largest relative difference at which two programs have computed the same in float32 (measured: 6e-6). */
const SAME = 1e-3;

const stepAnswer = z.object({ ms: z.number(), cpuMs: z.number() });
const directionAnswer = z.object({ direction: stepAnswer, update: stepAnswer });
const lossAnswer = z.object({ loss: z.number() });
const gradientAnswer = z.object({ loss: z.number(), gradients: z.array(z.array(z.number())) });

/** Where a step stands. */
export interface StepPlace {
  readonly options: BenchOptions;
  /** Folders of base and tuned. */
  readonly paths: readonly string[];
  readonly layer: number;
}

/** What the peers are told: see `peers/common.py`. */
export function taskOf(
  { prepared, point, batch }: StepSubject,
  { options, paths, layer }: StepPlace,
): unknown {
  const labels = point.models.map(({ target }) => present(target, "target").labels.train);
  return {
    ...peerTask({
      ...{ paths, layer, prepared, labels, threads: options.threads },
      ...{ position: options.tokens - options.suffix, pairs: batch.pairs },
      ...point,
    }),
    learningRate: LEARNING_RATE,
  };
}

/**
 * Relative differences of loss and gradients from each peer. pyvene is not asked: it has one model and a random rotation.
 *
 * @throws {@link NumericsError} above {@link SAME}: ratios of programs that compute different things say nothing.
 */
export async function comparePeers(
  subject: StepSubject,
  peers: readonly Peer[],
): Promise<Readonly<Record<string, number>>> {
  const ours = await subject.run(0);
  const found: Record<string, number> = {};
  for (const peer of peers) {
    if (peer.name === "pyvene") continue;
    if (peer.name === "author") {
      const { loss } = await peer.ask("check", lossAnswer);
      found["author's loss"] = Math.abs(loss / ours.loss - 1);
      continue;
    }
    const { loss, gradients } = await peer.ask("check", gradientAnswer);
    found["lean loss"] = Math.abs(loss / ours.loss - 1);
    found["lean gradient"] = Math.max(
      ...ours.gradients.map(({ data }, i) => relative(data, present(gradients[i], "gradient"))),
    );
  }
  // written so that NaN is refused too
  if (Object.values(found).every((difference) => difference <= SAME)) return found;
  throw new NumericsError("the programs do not compute the same: no ratio is worth printing", {
    code: "BENCH_DIFFERENT",
    expected: `relative differences up to ${SAME}`,
    found: JSON.stringify(found),
  });
}

/** ‖a − b‖ / ‖b‖. */
function relative(a: Float64Array, b: readonly number[]): number {
  const norm = (values: Iterable<number>): number => Math.hypot(...values);
  return norm(a.map((x, i) => x - (b[i] ?? NaN))) / norm(b);
}

/** How often, and in which round. */
export interface PeerTurn {
  readonly round: number;
  readonly repeats: number;
}

/**
 * Times of a whole step, by name; the lean peer has two. Full-sequence peers run one of the four directions, a
 * different one each round, times four, and one update: a step of theirs takes longer than the patience of a round.
 */
export async function timePeer(
  peer: Peer,
  { round, repeats }: PeerTurn,
): Promise<Readonly<Record<string, Times>>> {
  if (peer.name !== "lean") {
    const { direction, update } = await peer.ask(`direction ${round}`, directionAnswer);
    const whole = (of: keyof Times): number => 4 * direction[of] + update[of];
    return { [peer.name]: { ms: whole("ms"), cpuMs: whole("cpuMs") } };
  }
  const lean = async (head: string): Promise<Times> => {
    const all: Times[] = [];
    for (let i = 0; i < repeats; i++) all.push(await peer.ask(`step ${head}`, stepAnswer));
    return { ms: median(all.map(({ ms }) => ms)), cpuMs: median(all.map(({ cpuMs }) => cpuMs)) };
  };
  return { lean: await lean("vocabulary"), leanAnswers: await lean("answers") };
}
