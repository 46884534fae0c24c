/** @file Arithmetic described a second time, by what its sequences look like. */
import type { TaskReference } from "./task-laws.js";

/** Numbers 0 to 20 as one letter each. */
const DIGITS = "0123456789ABCDEFGHIJK";

const numberOf = (letter: string): number => DIGITS.indexOf(letter);

/** Whether each operation of a text is right: drawn as it may be, and with its result. */
function isRight(value: number, operations: string): boolean {
  let running = value;
  for (let i = 0; i < operations.length; i += 5) {
    const [sign, x, , r] = operations.slice(i, i + 4) as unknown as [
      string,
      string,
      string,
      string,
    ];
    if ((running === 0 && sign === "-") || (running === 20 && sign === "+")) return false;
    running += sign === "+" ? numberOf(x) : -numberOf(x);
    if (running < 0 || running > 20 || numberOf(r) !== running) return false;
  }
  return true;
}

const OPERATIONS = `((?:[+-][${DIGITS}]=[${DIGITS}][,>])+)`;
const WHOLE = new RegExp(`^<([1-9A-K])([${DIGITS}])${OPERATIONS}$`);

/** The results are every fifth letter, the first of them at place 6. */
const resultsUpTo = (at: number): number => Math.max(0, Math.floor((at - 1) / 5));

/** Reference of arithmetic. */
export const arithmeticReference: TaskReference = {
  letters: `_<>,=+-${DIGITS}`,
  isNatural: (text) => {
    const [, n, v, operations] = WHOLE.exec(text) ?? [];
    if (n === undefined) return false;
    const ends = operations!.indexOf(">") === operations!.length - 1;
    return ends && operations!.length === 5 * numberOf(n) && isRight(numberOf(v!), operations!);
  },
  isScored: (_, at) => at > 2 && (at - 3) % 5 >= 2,
  stateAt: (text, at) => {
    if (at === 0 || text[at] === ">") return {};
    const remaining = numberOf(text[1]!) - resultsUpTo(at);
    if (at === 1) return { remaining };
    const last = at < 6 ? 2 : 1 + 5 * resultsUpTo(at);
    return { remaining, value: numberOf(text[last]!) };
  },
  isExchangeable: (text, at) => at === 2 || text[at] === ",",
  settle: (state) => state,
  goesOn: ({ remaining, value }, tail) =>
    arithmeticReference.isNatural(`<${DIGITS[remaining!]}${DIGITS[value!]}${tail}`),
  isDecided: () => false,
};
