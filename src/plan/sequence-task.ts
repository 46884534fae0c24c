/**
 * @file The contract of a task on token sequences whose right answer a symbolic model knows, step by step: what the
 * number tasks (`audits/numbers/`) give to the alignment of small networks. A symbolic model is a state machine over
 * named numbers; an interchange overwrites some of them, and the machine says how the sequence goes on.
 */
import type { Stream } from "../stats/stream.js";

/**
 * The variables of a symbolic model at one place of a sequence: what it holds after it has read a token. One that does
 * not exist there (before the first operand, after the end) is absent.
 */
export type TaskState = Readonly<Record<string, number>>;

/** A whole sequence, from its first token to its end token. */
export interface TaskSequence {
  /** `[token]`, token ids. */
  readonly ids: Int32Array;
  /** `[token]`, 1 where the token is to be predicted rightly (from the tokens before it), 0 where it need not be. */
  readonly scored: Uint8Array;
}

/** What becomes of a sequence when variables of its symbolic model are overwritten at one place. */
export interface Interchange {
  readonly target: TaskSequence;
  /** Place of the target's token that the network has just read when its state is patched. */
  readonly at: number;
  /**
   * The source's variables after its own token, by their names in the *target's* task; more than are taken may stand
   * here. A source of another task is renamed by whoever pairs the tasks.
   */
  readonly source: TaskState;
  /** Names of the variables that are taken from the source; none asks for the target's own continuation. */
  readonly variables: readonly string[];
  /** Draws what the machine leaves open (which object comes next). */
  readonly random: Stream;
}

/** One task with its symbolic model. */
export interface SequenceTask {
  readonly id: string;
  readonly title: string;
  readonly references: readonly string[];
  /** Names of the token ids, in order: `vocabulary[id]`. Id 0 pads, 1 begins and 2 ends a sequence of any task. */
  readonly vocabulary: readonly string[];
  /** Variables of the symbolic model that can be exchanged; together they decide how a sequence goes on. */
  readonly variables: readonly string[];
  /** A natural sequence. */
  sample(random: Stream): TaskSequence;
  /**
   * `[token]`: the variables after each token of a natural sequence, or of the beginning of one; padding may follow.
   *
   * @throws PlanError for a sequence that the symbolic model would never emit.
   */
  states(ids: Int32Array): readonly TaskState[];
  /**
   * Whether the state after this place may be given away or patched: not at padding, begin, end and trigger tokens, and
   * only where any value of any variable leaves the symbolic model a way to go on.
   */
  exchangeable(sequence: TaskSequence, at: number): boolean;
  /**
   * Whether `counterfactual` answers this interchange: false exactly where it throws a `PlanError`. A source of another
   * task may hold a value that is none of this one's, such as no operation left where one comes next.
   */
  accepts(interchange: Omit<Interchange, "random">): boolean;
  /**
   * The sequence after an interchange: the target's own tokens up to and with `at`, then what the machine emits from the
   * overwritten variables. Its scores are the target's up to `at`, then the machine's.
   *
   * The variables of the source are those *after* its token, and overwrite those of the target *after* `target.ids[at]`.
   *
   * @throws PlanError unless the target is natural up to `at`, the place exchangeable, and the source holds a possible
   *   value of each variable taken (`accepts`).
   */
  counterfactual(interchange: Interchange): TaskSequence;
  /**
   * The variables after `at` once the interchange is made (with what the machine itself changes then): the class of
   * natural states that a patched state should look like.
   *
   * @throws PlanError as `counterfactual`.
   */
  exchanged(interchange: Omit<Interchange, "random">): TaskState;
}
