/**
 * @file A symbolic model as a state machine, and the task that follows from it: natural sequences, counterfactual ones
 * and the variables at each place are three readings of the same two functions, `read` and `emitter`.
 */
import { invariant, PlanError, present } from "../../src/errors.js";
import { didYouMean, listNames } from "../../src/plan/did-you-mean.js";
import { throwProblems, type Problem } from "../../src/plan/problems.js";
import type {
  Interchange,
  SequenceTask,
  TaskSequence,
  TaskState,
} from "../../src/plan/sequence-task.js";
import type { Stream } from "../../src/stats/stream.js";
import { valueProblems, type ValueRange } from "./value-range.js";

/** Token ids that every number task shares. */
export const PAD = 0;
export const BEGIN = 1;
export const END = 2;

/** A token that a machine says next. */
export interface Emission {
  readonly token: number;
  /** Whether what came before decides it. */
  readonly scored: boolean;
}

/** What a symbolic model holds, hears and says; `S` is its state. */
export interface Machine<S> {
  /** After the begin token. */
  readonly start: S;
  /** After one more token; `undefined` where no natural sequence has this token. */
  read(state: S, token: number): S | undefined;
  /** Draws what a continuation leaves open from the start, then says token after token, the end token last. */
  emitter(random: Stream): (state: S) => Emission;
  variablesOf(state: S): TaskState;
  /** The state with other values of some variables, and with what the machine itself changes then. */
  overwrite(state: S, values: TaskState): S;
}

/** A task, told by its machine. */
export interface MachineTask<S extends object> extends Pick<
  SequenceTask,
  "id" | "title" | "references" | "vocabulary"
> {
  readonly machine: Machine<S>;
  /** Variables that can be exchanged, with their possible values. */
  readonly ranges: Readonly<Record<string, ValueRange>>;
  /** Places where any values of any variables leave the machine a way to go on. */
  readonly isExchangeable: (ids: Int32Array, at: number) => boolean;
}

/** The task of a machine. */
export function machineTask<S extends object>(task: MachineTask<S>): SequenceTask {
  const { id, title, references, vocabulary, machine } = task;
  const exchangedState = (interchange: Omit<Interchange, "random">): S => {
    throwProblems(interchangeProblems(task, interchange), {
      kind: "plan",
      code: "TASK_INTERCHANGE",
      of: id,
    });
    const { target, at, source, variables } = interchange;
    const natural = follow(task, target.ids.subarray(0, at + 1)).at(-1);
    invariant(typeof natural === "object", `${id}: an exchangeable place without a state`);
    return machine.overwrite(natural, take(source, variables));
  };
  return {
    id,
    title,
    references,
    vocabulary,
    variables: Object.keys(task.ranges),
    sample: (random) =>
      continueSequence(machine, {
        prefix: { ids: Int32Array.of(BEGIN), scored: Uint8Array.of(0) },
        state: machine.start,
        random,
      }),
    states: (ids) =>
      follow(task, ids).map((stand) =>
        typeof stand === "object" ? machine.variablesOf(stand) : {},
      ),
    exchangeable: ({ ids }, at) => task.isExchangeable(ids, at),
    accepts: (interchange) => {
      const { target, at } = interchange;
      if (interchangeProblems(task, interchange).length > 0) return false;
      return naturalStands(machine, target.ids.subarray(0, at + 1)).length === at + 1;
    },
    counterfactual: (interchange) => {
      const { target, at, random } = interchange;
      const prefix = {
        ids: target.ids.subarray(0, at + 1),
        scored: target.scored.subarray(0, at + 1),
      };
      return continueSequence(machine, { prefix, state: exchangedState(interchange), random });
    },
    exchanged: (interchange) => machine.variablesOf(exchangedState(interchange)),
  };
}

/** The named variables alone. @throws {@link InvariantError} where one is absent. */
export function take(from: TaskState, variables: readonly string[]): TaskState {
  const taken: Record<string, number> = {};
  for (const name of variables) taken[name] = present(from[name], name);
  return taken;
}

/** Where a machine is: not begun, at a state of its own, or past the end token. */
type Stand<S> = "new" | S | "ended";

/** Stand after one more token; `undefined` where no natural sequence has this token. */
function after<S extends object>(
  machine: Machine<S>,
  stand: Stand<S>,
  token: number,
): Stand<S> | undefined {
  if (stand === "new") return token === BEGIN ? machine.start : undefined;
  if (stand === "ended") return token === PAD ? stand : undefined;
  const next = machine.read(stand, token);
  return next !== undefined && token === END ? "ended" : next;
}

/** `[token]`: stand after each token, up to the first one that no natural sequence has there. */
function naturalStands<S extends object>(machine: Machine<S>, ids: Int32Array): Stand<S>[] {
  const stands: Stand<S>[] = [];
  for (const token of ids) {
    const next = after(machine, stands.at(-1) ?? "new", token);
    if (next === undefined) break;
    stands.push(next);
  }
  return stands;
}

/** `[token]`: stand after each token. @throws {@link PlanError} for an unnatural sequence. */
function follow<S extends object>(
  { id, vocabulary, machine }: MachineTask<S>,
  ids: Int32Array,
): Stand<S>[] {
  const stands = naturalStands(machine, ids);
  const at = stands.length;
  if (at === ids.length) return stands;
  throw new PlanError(`${id}: this sequence is not one of the task`, {
    code: "TASK_SEQUENCE",
    where: `token ${at}`,
    expected: "a token that the symbolic model could have emitted here",
    found: nameOf(vocabulary, ids[at]),
    hint: "give natural sequences, with the begin token first, in the token ids of this task",
  });
}

function nameOf(vocabulary: readonly string[], token: number | undefined): string {
  return token === undefined ? "no token" : JSON.stringify(vocabulary[token] ?? token);
}

/** What has been said so far, and what the machine goes on from. */
interface Beginning<S> {
  readonly prefix: TaskSequence;
  readonly state: S;
  readonly random: Stream;
}

function continueSequence<S>(
  machine: Machine<S>,
  { prefix, state, random }: Beginning<S>,
): TaskSequence {
  const emit = machine.emitter(random);
  const said: Emission[] = [];
  for (let held: S | undefined = state; held !== undefined;) {
    const next = emit(held);
    said.push(next);
    held = next.token === END ? undefined : machine.read(held, next.token);
  }
  invariant(said.at(-1)?.token === END, "a machine does not understand what it says");
  const { length } = prefix.ids;
  const ids = new Int32Array(length + said.length);
  const scored = new Uint8Array(ids.length);
  ids.set(prefix.ids);
  scored.set(prefix.scored);
  said.forEach((emission, i) => {
    ids[length + i] = emission.token;
    scored[length + i] = emission.scored ? 1 : 0;
  });
  return { ids, scored };
}

/** Why the task cannot answer an interchange, apart from a target that is none of its sequences. */
function interchangeProblems<S extends object>(
  { vocabulary, ranges, isExchangeable }: MachineTask<S>,
  { target, at, source, variables }: Omit<Interchange, "random">,
): readonly Problem[] {
  const problems = variables.flatMap((name): readonly Problem[] => {
    const range = ranges[name];
    if (range !== undefined) return valueProblems(name, source[name], range);
    const names = Object.keys(ranges);
    const found = JSON.stringify(name);
    return [{ what: "variables", expected: listNames(names), found, ...didYouMean(name, names) }];
  });
  if (isExchangeable(target.ids, at)) return problems;
  const place = {
    what: `place ${at}`,
    expected: "a place whose state can be exchanged",
    found: nameOf(vocabulary, target.ids[at]),
  };
  return [place, ...problems];
}
