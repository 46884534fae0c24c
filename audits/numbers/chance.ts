/**
 * @file What an interchange reaches in a counter that never errs when only some of the variables arrive: the levels that
 * interchange accuracies of a counting task are to be read against. Tasks differ in them, so raw accuracies do not compare.
 */
import { present } from "../../src/errors.js";
import type { TaskSequence, TaskState } from "../../src/plan/sequence-task.js";
import type { Stream } from "../../src/stats/stream.js";
import { DEMO, valueOf } from "./counters.js";
import type { Counting } from "./counting.js";
import { END, PAD, take } from "./machine.js";

/** How many of how many. */
export interface Share {
  readonly right: number;
  readonly of: number;
}

/** What is reached when these variables arrive. */
export interface ChanceLevel {
  readonly transferred: readonly string[];
  /** Pairs whose scored tokens are all right; those without scored tokens count. This is the IIA. */
  readonly trials: Share;
  /** Scored tokens, of all pairs together, those before the interchange among them. */
  readonly tokens: Share;
}

/** Which levels are asked for. */
export interface ChanceRequest {
  readonly counting: Counting;
  /** Variables that the counterfactual takes from the source. @defaultValue all of the task */
  readonly asked?: readonly string[];
  /** Each list: variables that truly arrive. */
  readonly transferred: readonly (readonly string[])[];
  /** Pairs of two new sequences, each at a place drawn uniformly from its exchangeable ones. */
  readonly pairs: number;
  readonly random: Stream;
}

/**
 * The level of each list of transferred variables, all on the same pairs.
 *
 * Method: the counter reads the counterfactual sequence, and says what it would say next at each scored place. Reading its
 * own tokens instead could change token accuracy only: up to the first wrong token both are the same.
 */
export function chanceLevels(request: ChanceRequest): readonly ChanceLevel[] {
  const { counting, transferred, pairs, random } = request;
  const { task, machine } = counting;
  const { asked = task.variables } = request;
  const levels = transferred.map((variables) => ({ variables, trials: 0, right: 0, of: 0 }));
  for (let pair = 0; pair < pairs; pair++) {
    const target = drawPlace(counting, random);
    const source = drawPlace(counting, random).state;
    const { sequence, at } = target;
    const wanted = task.counterfactual({ target: sequence, at, source, variables: asked, random });
    for (const level of levels) {
      const patched = machine.overwrite(target.state, take(source, level.variables));
      const { right, of } = rightTokens(counting, { wanted, at, patched });
      level.trials += right === of ? 1 : 0;
      level.right += right;
      level.of += of;
    }
  }
  return levels.map(({ variables, trials, right, of }) => ({
    transferred: variables,
    trials: { right: trials, of: pairs },
    tokens: { right, of },
  }));
}

/** A natural sequence and one of its exchangeable places. */
function drawPlace(
  { task }: Counting,
  random: Stream,
): { readonly sequence: TaskSequence; readonly at: number; readonly state: TaskState } {
  const sequence = task.sample(random);
  const places: number[] = [];
  sequence.ids.forEach((_, at) => {
    if (task.exchangeable(sequence, at)) places.push(at);
  });
  const at = random.pick(places);
  return {
    sequence,
    at,
    state: present(task.states(sequence.ids.subarray(0, at + 1))[at], "state"),
  };
}

/** A counterfactual sequence, and the state from which the counter goes on after the token at `at`. */
interface Reading {
  readonly wanted: TaskSequence;
  readonly at: number;
  readonly patched: TaskState;
}

/** Scored tokens that the counter says rightly: all of those before the interchange, where it is natural. */
function rightTokens(counting: Counting, { wanted: { ids, scored }, at, patched }: Reading): Share {
  const before = scored.subarray(0, at + 1).reduce((sum, one) => sum + one, 0);
  const share = { right: before, of: before };
  let state = patched;
  ids.subarray(at + 1).forEach((token, i) => {
    if (scored[at + 1 + i] === 1) {
      share.of++;
      share.right += say(counting, state) === token ? 1 : 0;
    }
    state = counting.hear(state, token);
  });
  return share;
}

/** What the counter says next: among the objects one more of them, and past the end that it waited for nothing. */
function say({ counter, demo, response }: Counting, state: TaskState): number {
  if (valueOf(state, "phase") === DEMO) return present(demo[0], "object");
  const left = counter.left(state);
  if (left > 0) return response;
  return left === 0 ? END : PAD;
}
