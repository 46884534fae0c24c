/** @file What a variable of a symbolic model may be, and how a value that it may not be is told. */
import type { Problem } from "../../src/plan/problems.js";

/** The possible values of one variable. */
export interface ValueRange {
  /** In words, for the person who gave another value. */
  readonly expected: string;
  admits(value: number): boolean;
}

/** Whole numbers from `least` to `most`, both included. */
export function wholeNumbers(least: number, most: number): ValueRange {
  return {
    expected: `a whole number from ${least} to ${most}`,
    admits: (value) => Number.isInteger(value) && value >= least && value <= most,
  };
}

/** Any number from `least` to `most`, both included. */
export function numbersBetween(least: number, most: number): ValueRange {
  return {
    expected: `a number from ${least} to ${most}`,
    admits: (value) => value >= least && value <= most,
  };
}

/** One of a few numbers. */
export function oneOf(...values: readonly number[]): ValueRange {
  return {
    expected: values.join(" or "),
    admits: (value) => values.includes(value),
  };
}

/** What is wrong with the value of a variable, if anything is: absent, or not in its range. */
export function valueProblems(
  name: string,
  value: number | undefined,
  range: ValueRange,
): readonly Problem[] {
  if (value !== undefined && range.admits(value)) return [];
  return [
    {
      what: `variable ${JSON.stringify(name)}`,
      expected: range.expected,
      found: value === undefined ? "no value" : String(value),
    },
  ];
}
