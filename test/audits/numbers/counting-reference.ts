/** @file The tasks of counting described a second time, by what their sequences look like. */
import type { CountingName } from "../../../audits/numbers/counting.js";
import type { TaskState } from "../../../src/plan/sequence-task.js";
import type { TaskReference } from "./task-laws.js";

/** Responses to 1, 2, … 20 objects, written out. */
const EACH = Array.from({ length: 20 }, (_, i) => i + 1);
const MODULO = [1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0];
const ROUNDING = [0, 3, 3, 3, 6, 6, 6, 9, 9, 9, 12, 12, 12, 15, 15, 15, 18, 18, 18, 21];

interface CountingShape {
  readonly objects: string;
  readonly response: string;
  readonly answers: readonly number[];
}

const SHAPES: Readonly<Record<CountingName, CountingShape>> = {
  "multi-object": { objects: "abc", response: "r", answers: EACH },
  "single-object": { objects: "a", response: "r", answers: EACH },
  "same-object": { objects: "a", response: "a", answers: EACH },
  "multi-object-modulo": { objects: "abc", response: "r", answers: MODULO },
  "multi-object-rounding": { objects: "abc", response: "r", answers: ROUNDING },
};

/** Reference of the symbolic model that counts up, then down. */
export function countingReference(name: CountingName): TaskReference {
  const { objects, response, answers } = SHAPES[name];
  const natural = new RegExp(`^<([${objects}]{1,20})t(${response}*)>$`);
  const onward = new RegExp(`^([${objects}]*)t(${response}*)>$`);
  const inResponse = (text: string, at: number): boolean => at >= text.indexOf("t");
  const count = (state: TaskState): number => state["count"]!;
  return {
    letters: "_<>abcrt",
    isNatural: (text) => {
      const [, shown, said] = natural.exec(text) ?? [];
      return shown !== undefined && said!.length === answers[shown.length - 1];
    },
    isScored: (text, at) => at > text.indexOf("t"),
    stateAt: (text, at) => {
      if (text[at] === ">") return {};
      return inResponse(text, at)
        ? { phase: 1, count: text.length - 2 - at }
        : { phase: -1, count: at };
    },
    isExchangeable: (text, at) => (objects + response).includes(text[at]!),
    settle: (state) =>
      name === "multi-object-modulo" && state["phase"] === 1
        ? { ...state, count: count(state) % 4 }
        : state,
    goesOn: (state, tail) => {
      if (state["phase"] === 1) return tail === `${response.repeat(count(state))}>`;
      const [, shown, said] = onward.exec(tail) ?? [];
      return shown !== undefined && said!.length === answers[count(state) + shown.length - 1];
    },
    isDecided: (state) => state["phase"] === 1,
  };
}
