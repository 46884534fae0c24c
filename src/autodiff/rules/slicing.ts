/**
 * @file Derivatives of Slice and Pad: what was cut away gets zeros, what was added is cut away.
 */
import { present } from "../../errors.js";
import type { Value } from "../../onnx/graph.js";
import type { Emitter } from "../emitter.js";
import {
  defineRules,
  mustBeFrozen,
  noGradient,
  type Gradient,
  type RuleCase,
  type RuleQuestion,
} from "../rule.js";

/** One axis of a Slice. `start` and `end` are int64 vectors of one element, `length` the size of the whole axis. */
interface Cut {
  readonly axis: number;
  readonly step: number;
  readonly start: Value;
  readonly end: Value;
  readonly length: Value;
}

function cutsOf({ b, x, optional }: RuleCase): Cut[] {
  const given = b.types.integers(optional(3)) ?? axesInOrder(b, x(1));
  const steps = b.types.integers(optional(4)) ?? given.map(() => 1);
  return given.map((axis, i) => ({
    axis,
    step: present(steps[i], "step"),
    start: element(b, x(1), i),
    end: element(b, x(2), i),
    length: b.size(x(0), axis),
  }));
}

/** Without axes a Slice cuts the first axes, one per start. */
function axesInOrder(b: Emitter, starts: Value): number[] {
  const n = present(b.types.shape(starts)?.[0], "number of starts");
  return Array.from({ length: Number(n) }, (_, i) => i);
}

function element(b: Emitter, vector: Value, i: number): Value {
  // INT64_MAX and its like mean "to the end"; as a double they would not survive the way back to int64
  const inferred = b.types.elements(vector)?.[i];
  if (typeof inferred === "number" && Math.abs(inferred) < 2 ** 53) return b.ints([inferred]);
  const picked = b.op("Gather", [vector, b.ints([i])], { axis: 0n });
  return b.castTo(picked, "int64");
}

/** dy, zero outside one cut: padded where all sizes are known, otherwise with zeros joined on before and after. */
function growBack(b: Emitter, dy: Value, cut: Cut): Value {
  const known = knownPads(b, dy, cut);
  return known === undefined ? joinZeros(b, dy, cut) : b.op("Pad", [dy, b.ints(known)]);
}

/** Pads of every axis, first those before, then those after, where the cut is of known sizes. */
function knownPads(b: Emitter, dy: Value, { axis, start, length }: Cut): number[] | undefined {
  const [from, size] = [start.numbers?.[0], length.numbers?.[0]];
  const shape = b.types.shape(dy);
  const kept = shape?.at(axis);
  if (shape === undefined || from === undefined || size === undefined) return undefined;
  if (typeof kept !== "number") return undefined;
  const before = Math.min(Math.max(from < 0 ? from + size : from, 0), size);
  const at = axis < 0 ? axis + shape.length : axis;
  const only = (pad: number): number[] => shape.map((_, i) => (i === at ? pad : 0));
  return [...only(before), ...only(size - kept - before)];
}

function joinZeros(b: Emitter, dy: Value, { axis, start, length }: Cut): Value {
  const kept = b.size(dy, axis);
  const before = positionOf(b, start, length);
  const after = b.sub(b.sub(length, before), kept);
  const zeros = (n: Value): Value => {
    const shape = b.op("ScatterElements", [b.shape(dy), b.ints([axis]), n], { axis: 0n });
    return b.op("Expand", [b.scalar(0, dy), shape]);
  };
  return b.op("Concat", [zeros(before), dy, zeros(after)], { axis: BigInt(axis) });
}

/** A start as a position: negative ones count from the end, all are held within the axis, as Slice defines. */
function positionOf(b: Emitter, start: Value, length: Value): Value {
  const zero = b.ints([0]);
  const isNegative = b.op("Less", [start, zero]);
  const fromFront = b.op("Where", [isNegative, b.add(start, length), start]);
  return b.op("Min", [b.op("Max", [fromFront, zero]), length]);
}

/** The general form for steps other than 1: scatters dy to the positions that the slice reads, each at most once. */
function scatterBack(b: Emitter, dy: Value, { axis, step, start, end, length }: Cut): Value {
  const scalar = b.op("Squeeze", [length, b.ints([0])]);
  const all = b.op("Range", [b.ints(0), scalar, b.ints(1)]);
  const read = b.op("Slice", [all, start, end, b.ints([0]), b.ints([step])]);
  const full = b.op("ScatterElements", [b.shape(dy), b.ints([axis]), length], { axis: 0n });
  const zeros = b.op("Expand", [b.scalar(0, dy), full]);
  const indices = b.op("Expand", [alongAxis(b, { vector: read, axis, like: dy }), b.shape(dy)]);
  return b.op("ScatterElements", [zeros, indices, dy], { axis: BigInt(axis) });
}

/** A vector with its elements along `axis` of a shape like that of `like`, every other axis of size 1. */
function alongAxis(
  b: Emitter,
  { vector, axis, like }: { vector: Value; axis: number; like: Value },
): Value {
  const rank = b.shape(b.shape(like));
  const ones = b.op("Expand", [b.ints([1]), rank]);
  const shape = b.op("ScatterElements", [ones, b.ints([axis]), b.shape(vector)], { axis: 0n });
  return b.reshape(vector, shape);
}

function refusesComputed({ node, types }: RuleQuestion): string | undefined {
  const [, starts, , axes, steps] = node.inputs;
  if (axes && types.integers(axes) === undefined) return "computed axes";
  if (steps && types.integers(steps) === undefined) return "computed steps";
  const isCounted = starts && typeof types.shape(starts)?.[0] === "number";
  return axes || isCounted ? undefined : "an unknown number of axes";
}

const CUT = noGradient("starts, ends, axes or steps");

function sliced(rule: RuleCase): Gradient[] {
  const { b, dy, nInputs } = rule;
  const dx = (): Value =>
    cutsOf(rule).reduce(
      (grown, cut) => (cut.step === 1 ? growBack : scatterBack)(b, grown, cut),
      dy,
    );
  return [dx, CUT, CUT, CUT, CUT].slice(0, nInputs);
}

/** y = x with constants around it;  dx = dy without them */
function padded({ b, dy, x, optional, nInputs }: RuleCase): Gradient[] {
  const dx = (): Value => {
    const pads = present(b.types.integers(x(1)), "pads");
    const starts = pads.slice(0, pads.length / 2);
    const axes = b.types.integers(optional(3)) ?? starts.map((_, axis) => axis);
    const sizes = b.op("Gather", [b.shape(x(0)), b.ints(axes)], { axis: 0n });
    const from = b.ints(starts);
    return b.op("Slice", [dy, from, b.add(from, sizes), b.ints(axes)]);
  };
  return [dx, noGradient("pads"), mustBeFrozen("fill"), noGradient("axes")].slice(0, nInputs);
}

export const SLICING_RULES = defineRules([
  // y = part of x;  dx = dy at its place, zeros elsewhere
  { op: "Slice", saves: ["x*"], refuses: refusesComputed, vjp: sliced },
  {
    op: "Pad",
    saves: ["x*"],
    refuses: ({ node, types }) => {
      const pads = types.integers(node.inputs[1]);
      const axes = node.inputs[3];
      if (node.string("mode", "constant") !== "constant") return "a mode other than constant";
      if (axes && types.integers(axes) === undefined) return "computed axes";
      return pads?.every((pad) => pad >= 0) === true ? undefined : "computed or negative pads";
    },
    vjp: padded,
  },
]);
