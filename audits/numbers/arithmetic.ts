/**
 * @file Arithmetic: a running value is added to and taken from, as many times as was said at the beginning.
 *
 *     begin  n  v  ( operator  operand  equals  result  comma )*      an end token instead of the last comma
 *
 * n is uniform on 1..20 and v on 0..20. The operator is a fair draw, but plus at 0 and minus at 20; the operand is uniform on
 * what keeps the result in 0..20. Given what stands before, each result follows, and so do the equals sign before it and the
 * comma or end after it.
 */
import { present } from "../../src/errors.js";
import type { SequenceTask, TaskState } from "../../src/plan/sequence-task.js";
import type { Stream } from "../../src/stats/stream.js";
import { END, machineTask } from "./machine.js";
import { REFERENCES } from "./references.js";
import { wholeNumbers } from "./value-range.js";

const MOST_OPERATIONS = 20;
const MOST_VALUE = 20;

const COMMA = 3;
const EQUALS = 4;
const PLUS = 5;
const MINUS = 6;
/** Id of the number 0; the other numbers follow. */
const ZERO = 7;

const NUMBERS = Array.from({ length: MOST_VALUE + 1 }, (_, value) => String(value));
const VOCABULARY = ["pad", "begin", "end", ",", "=", "+", "-", ...NUMBERS];

/** Place of the first operand v, after begin and n. */
const FIRST = 2;

/** What comes next in a sequence. */
type Stage = "count" | "first" | "operator" | "operand" | "equals" | "result" | "separator";

/** A calculation under way. */
interface Calculation {
  readonly stage: Stage;
  /** Operations whose result was not given yet, once n was read. */
  readonly remaining?: number;
  /** Running value, once v was read. */
  readonly value?: number;
  /** What the operation under way adds to it, once its operand was read. */
  readonly change?: number;
  /** Whether the operation under way adds or subtracts, once its operator was read. */
  readonly sign?: 1 | -1;
}

/** What a calculation says at one stage, and what it makes of a token: nothing of one that cannot stand there. */
interface StageRow {
  /** Whether what came before decides the token. */
  readonly scored: boolean;
  emit(calculation: Calculation, random: Stream): number;
  read(calculation: Calculation, token: number): Calculation | undefined;
}

const valueOf = ({ value }: Calculation): number => present(value, "running value");
const signOf = ({ sign }: Calculation): 1 | -1 => present(sign, "operator");
const resultOf = (of: Calculation): number => valueOf(of) + present(of.change, "operand");
const remainingOf = ({ remaining }: Calculation): number => present(remaining, "operations left");

/** Operators by the sign that they give to the operand. */
const SIGNS: ReadonlyMap<number, 1 | -1> = new Map([
  [PLUS, 1],
  [MINUS, -1],
]);

/** Largest operand that keeps the result in range. */
function room(calculation: Calculation, sign: 1 | -1): number {
  return sign === 1 ? MOST_VALUE - valueOf(calculation) : valueOf(calculation);
}

/** The operators that are drawn from: one without room for a change is no choice. */
function operators(calculation: Calculation): readonly number[] {
  return [...SIGNS].filter(([, sign]) => room(calculation, sign) > 0).map(([token]) => token);
}

/** The number of a token, where it is one from `least` to `most`. */
function numberOf(token: number, least: number, most: number): number | undefined {
  const value = token - ZERO;
  return value >= least && value <= most ? value : undefined;
}

/** A stage whose token is decided by the calculation. */
function decided(
  token: (calculation: Calculation) => number,
  next: (calculation: Calculation) => Calculation,
): StageRow {
  return {
    scored: true,
    emit: token,
    read: (calculation, read) => (read === token(calculation) ? next(calculation) : undefined),
  };
}

const STAGES: Readonly<Record<Stage, StageRow>> = {
  count: {
    scored: false,
    emit: (_, random) => ZERO + 1 + random.int(MOST_OPERATIONS),
    read: (_, token) => {
      const remaining = numberOf(token, 1, MOST_OPERATIONS);
      return remaining === undefined ? undefined : { stage: "first", remaining };
    },
  },
  first: {
    scored: false,
    emit: (_, random) => ZERO + random.int(MOST_VALUE + 1),
    read: (calculation, token) => {
      const value = numberOf(token, 0, MOST_VALUE);
      return value === undefined ? undefined : { ...calculation, stage: "operator", value };
    },
  },
  operator: {
    scored: false,
    emit: (calculation, random) => random.pick(operators(calculation)),
    read: (calculation, token) => {
      const sign = operators(calculation).includes(token) ? SIGNS.get(token) : undefined;
      return sign === undefined ? undefined : { ...calculation, stage: "operand", sign };
    },
  },
  operand: {
    scored: false,
    emit: (calculation, random) => ZERO + random.int(room(calculation, signOf(calculation)) + 1),
    read: (calculation, token) => {
      const sign = signOf(calculation);
      const operand = numberOf(token, 0, room(calculation, sign));
      return operand === undefined
        ? undefined
        : { ...calculation, stage: "equals", change: sign * operand };
    },
  },
  equals: decided(
    () => EQUALS,
    (calculation) => ({ ...calculation, stage: "result" }),
  ),
  result: decided(
    (calculation) => ZERO + resultOf(calculation),
    (calculation) => ({
      stage: "separator",
      remaining: remainingOf(calculation) - 1,
      value: resultOf(calculation),
    }),
  ),
  separator: decided(
    (calculation) => (remainingOf(calculation) > 0 ? COMMA : END),
    // after the end nothing is read, so only the comma counts
    (calculation) => ({ ...calculation, stage: "operator" }),
  ),
};

/**
 * Variables `remaining`, the operations whose result is still to come, and `value`, the running value.
 *
 * Exchangeable are the first operand and the commas: where an operator comes next, and these two variables are all that
 * the rest depends on. Within an operation they are not: another value with the operand that was read could leave 0..20,
 * and the result itself could be followed by an operation more or less than it was.
 */
export const arithmetic: SequenceTask = machineTask<Calculation>({
  id: "arithmetic",
  title: "A running value under as many additions and subtractions as were announced",
  references: REFERENCES,
  vocabulary: VOCABULARY,
  machine: {
    start: { stage: "count" },
    read: (calculation, token) => STAGES[calculation.stage].read(calculation, token),
    emitter: (random) => (calculation) => {
      const stage = STAGES[calculation.stage];
      return { token: stage.emit(calculation, random), scored: stage.scored };
    },
    variablesOf: ({ remaining, value }): TaskState => ({
      ...(remaining === undefined ? {} : { remaining }),
      ...(value === undefined ? {} : { value }),
    }),
    overwrite: (calculation, values) => ({ ...calculation, ...values }),
  },
  ranges: {
    remaining: wholeNumbers(1, MOST_OPERATIONS),
    value: wholeNumbers(0, MOST_VALUE),
  },
  isExchangeable: (ids, at) => (at === FIRST && at < ids.length) || ids[at] === COMMA,
});
