/**
 * @file The axes of values in a windowed suffix, each a product of factors: `[batch][9][window][past + window]`.
 * What an axis counts is followed through the graph, because one prompt length of the file becomes three here.
 */
import { invariant } from "../../errors.js";

/**
 * A size that differs from run to run: rows; tokens that are run; tokens whose keys and values are given; the keys that
 * one token attends to, past and window together; prompts; rows of one prompt, which differ in what is patched in.
 */
export type Moving = "batch" | "window" | "past" | "keys" | "prompts" | "variants";

/** Factor of an axis. */
export type Factor = number | Moving;

/** One axis: the product of its factors, outermost first; empty for size 1. */
export type Axis = readonly Factor[];

/** The axes of a value, outermost first. */
export type Axes = readonly Axis[];

/** The graph has a form for which windowing is not worked out; the whole prompt is run instead. */
export class NotWindowable extends Error {
  override readonly name = "NotWindowable";
}

/** An axis of fixed size. */
export function fixed(size: number): Axis {
  return size === 1 ? [] : [size];
}

/** Product of the fixed factors; `undefined` when a factor moves. */
export function sizeOf(axis: Axis): number | undefined {
  let size = 1;
  for (const factor of axis) {
    if (typeof factor !== "number") return undefined;
    size *= factor;
  }
  return size;
}

/** Product of the fixed factors, whatever moves beside them. */
export function fixedSize(axis: Axis): number {
  return axis.reduce<number>((size, f) => (typeof f === "number" ? size * f : size), 1);
}

/** Is the axis exactly this moving size? */
export function isExactly(axis: Axis | undefined, moving: Moving): boolean {
  return axis?.length === 1 && axis[0] === moving;
}

/** Same sizes, whatever the grouping of fixed factors. */
export function sameAxis(a: Axis, b: Axis): boolean {
  return axisKey(a) === axisKey(b);
}

/** One text for each size. */
export function axisKey(axis: Axis): string {
  return [fixedSize(axis), ...axis.filter((factor) => typeof factor !== "number")].join("·");
}

/** The axes that several operands have when broadcast together, right-aligned. */
export function broadcastAxes(operands: readonly Axes[]): Axes {
  const rank = Math.max(...operands.map((axes) => axes.length));
  return Array.from({ length: rank }, (_, i) => {
    let result: Axis = [];
    for (const axes of operands) {
      const axis = axes[i - (rank - axes.length)] ?? [];
      if (sameAxis(axis, []) || sameAxis(axis, result)) continue;
      if (!sameAxis(result, []))
        throw new NotWindowable(`axes ${axisKey(result)} and ${axisKey(axis)} meet`);
      result = axis;
    }
    return result;
  });
}

/** What a Reshape asks of one axis: a size, one moving size of unknown name, or whatever is left. */
export type Wanted = number | "moving" | "rest";

/**
 * The axes after a Reshape. Factors keep their order; they are dealt out to the wanted axes from both ends, and what
 * neither end claims is left for the wanted "rest", one factor each where there are several.
 */
export function regroup(axes: Axes, wanted: readonly Wanted[]): Axes {
  const factors = axes.flat().filter((factor) => factor !== 1);
  const result: Axis[] = [];
  const tail: Axis[] = [];
  let [from, to] = [0, wanted.length];
  while (from < to && wanted[from] !== "rest") {
    result.push(take(factors, { wanted: wanted[from], end: "front" }));
    from += 1;
  }
  while (to > from && wanted[to - 1] !== "rest") {
    tail.unshift(take(factors, { wanted: wanted[to - 1], end: "back" }));
    to -= 1;
  }
  result.push(...middle(factors, wanted.slice(from, to)));
  return [...result, ...tail];
}

function middle(factors: Factor[], wanted: readonly Wanted[]): Axis[] {
  if (wanted.length === 1) return [factors];
  if (factors.length !== wanted.length) throw unmatched(factors, wanted);
  return factors.map((factor, i) => {
    // a size that stands between two unknown ones
    if (typeof wanted[i] === "number" && wanted[i] !== factor) throw unmatched(factors, wanted);
    return [factor];
  });
}

function unmatched(factors: readonly Factor[], wanted: readonly Wanted[]): NotWindowable {
  return new NotWindowable(`a Reshape of ${factors.join("·")} to [${wanted.join(", ")}]`);
}

interface Taking {
  readonly wanted: Wanted | undefined;
  readonly end: "front" | "back";
}

/** Takes factors whose product is the wanted size from one end. */
function take(factors: Factor[], { wanted, end }: Taking): Axis {
  const next = (): Factor | undefined => (end === "front" ? factors.shift() : factors.pop());
  const back = (factor: Factor): void => {
    if (end === "front") factors.unshift(factor);
    else factors.push(factor);
  };
  if (wanted === "moving") {
    const factor = next();
    if (typeof factor !== "string") throw unmatched(factors, [wanted]);
    return [factor];
  }
  invariant(typeof wanted === "number", "a size to take");
  const taken: Factor[] = [];
  let left = wanted;
  while (left > 1) {
    const factor = next();
    if (typeof factor !== "number") throw unmatched(factors, [wanted]);
    const isWhole = left % factor === 0;
    if (!isWhole && factor % left !== 0) throw unmatched(factors, [wanted]);
    const part = isWhole ? factor : left;
    if (!isWhole) back(factor / left);
    if (end === "front") taken.push(part);
    else taken.unshift(part);
    left /= part;
  }
  return taken;
}
