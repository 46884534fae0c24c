/**
 * @file Guards on where states are taken and put, on the very path that measures.
 *
 * Own states put back must give the natural answers. Where the patched token no longer matters that says nothing, so
 * the state that a patch overwrites must also be the captured one, bit by bit; and after the last block, where only
 * the last token is read, another prompt's state must bring that prompt's answer.
 * Not seen: capture and patch both at one wrong place of an item; that place comes from the audit's spans, and
 * `models/place-spans.ts` answers for it.
 */
import { continueRows } from "../align/continuation-calls.js";
import { f32, i32 } from "../numeric/vector.js";
import { cellName, type CellInput } from "./cell-input.js";
import { guardError, listFaults, type GuardCode } from "./guards.js";
import { wholeStates } from "./interventions.js";
import { SIDES, type Side } from "./measures.js";

/** Prompts of each model; the first trials hold all values, because any beginning of the pairs is balanced. */
export const IDENTITY_PROMPTS = 8;

/** One run of the guard: which state goes into which prompt. */
interface Rows {
  readonly targets: Int32Array;
  readonly sources: Int32Array;
}

/**
 * Puts states of up to 8 test items into their own places, in each model.
 *
 * @throws {@link NumericsError} `PATCH_MISPLACED`, `IDENTITY_BROKEN` or `SWAP_BROKEN`, naming cell, model and items.
 */
export async function checkIdentity(input: CellInput): Promise<void> {
  const items = Int32Array.from([...new Set(input.pairs.test.target)].slice(0, IDENTITY_PROMPTS));
  for (const side of SIDES) {
    checkPlaces(input, side, items);
    await checkAnswers(input, side, { code: "IDENTITY_BROKEN", targets: items, sources: items });
    if (input.sides[side].isReadout !== true) continue;
    const others = items.map((_, row) => i32(items, (row + 1) % items.length));
    await checkAnswers(input, side, { code: "SWAP_BROKEN", targets: items, sources: others });
  }
}

function checkPlaces({ key, sides }: CellInput, side: Side, items: Int32Array): void {
  const { states, dModel, continuation } = sides[side];
  const found = continuation.overwritten?.(items);
  if (found === undefined) return; // closed forms have no prompt
  const expected = wholeStates(states, items, dModel);
  const faults = [...items].flatMap((item, row) => {
    const at = row * dModel;
    const own = found.subarray(at, at + dModel);
    const change = largestChange(own, expected.subarray(at, at + dModel));
    return change === 0 ? [] : [`item ${item}: ${change.toPrecision(3)} off`];
  });
  if (faults.length === 0) return;
  const where = describe(key, side);
  throw guardError("PATCH_MISPLACED", { where, found: listFaults(faults) });
}

function largestChange(a: Float32Array, b: Float32Array): number {
  // equal ones first: the difference of two log-probabilities of −∞ is no number
  return a.reduce(
    (most, x, i) => (x === f32(b, i) ? most : Math.max(most, Math.abs(x - f32(b, i)))),
    0,
  );
}

async function checkAnswers(
  { key, sides, options, signal }: CellInput,
  side: Side,
  { code, targets, sources }: Rows & { code: GuardCode },
): Promise<void> {
  const { states, dModel, continuation, naturalLogProb, roundingNats } = sides[side];
  const where = describe(key, side);
  const { nClasses } = continuation;
  const rows = { items: targets, patched: wholeStates(states, sources, dModel) };
  const { maxRows } = options.learning;
  const found = await continueRows(continuation, rows, { maxRows, where, signal });
  const expected = wholeStates(naturalLogProb, sources, nClasses);
  const faults = [...targets].flatMap((target, row) => {
    const at = row * nClasses;
    const change = largestChange(
      found.subarray(at, at + nClasses),
      expected.subarray(at, at + nClasses),
    );
    const source = i32(sources, row);
    const what = target === source ? `item ${target}` : `item ${source} into ${target}`;
    return change <= roundingNats ? [] : [`${what}: ${change.toPrecision(3)} nats off`];
  });
  if (faults.length === 0) return;
  const bound = `log-probabilities within ${roundingNats.toPrecision(2)} nats`;
  throw guardError(code, { where, found: listFaults(faults), bound });
}

function describe(key: CellInput["key"], side: Side): string {
  return `${cellName(key)}, ${side} model`;
}
