/**
 * @file What a row of the derivative table is.
 */
import { invariant } from "../errors.js";
import type { Node, Value } from "../onnx/graph.js";
import type { TypeInference } from "../onnx/type-inference.js";
import type { Emitter } from "./emitter.js";

/** An input that gets no gradient, and why. */
export interface NoGradient {
  /** `none`: the output does not depend on its value. `frozen`: the rule holds only while the input is a constant. */
  readonly kind: "none" | "frozen";
  readonly reason: string;
}

/** Says that the output does not depend on the value of an input: shapes, axes, indices, conditions, types. */
export function noGradient(reason: string): NoGradient {
  return { kind: "none", reason };
}

/** Says that an input must be a constant: an error if it depends on what is differentiated for. */
export function mustBeFrozen(reason: string): NoGradient {
  return { kind: "frozen", reason };
}

/** Gradient of one input: emitted only when that input is active, so that frozen weights never get one. */
export type Gradient = (() => Value) | NoGradient;

/** Attributes of a node, as a rule may read them. */
type Attributes = Pick<Node, "int" | "float" | "ints" | "string"> & {
  readonly has: (name: string) => boolean;
};

/** Forward values by role: `x0` is input 0, `y0` output 0, `x*` all inputs, `y*` all outputs. */
export type Role = `x${number}` | `y${number}` | "x*" | "y*";

/** What a rule works with. It sees only the forward values that its row says it saves. */
export interface RuleCase {
  readonly b: Emitter;
  /** Gradient of output 0. */
  readonly dy: Value;
  /** Gradient of output i; `undefined` where the loss does not depend on it. */
  readonly dyAt: (i: number) => Value | undefined;
  /** Saved input. @throws {@link InvariantError} when it is omitted or not saved. */
  readonly x: (i: number) => Value;
  /** Saved input, or `undefined` when the node omits it. */
  readonly optional: (i: number) => Value | undefined;
  /** Saved output. */
  readonly y: (i: number) => Value;
  readonly nInputs: number;
  readonly nOutputs: number;
  readonly attributes: Attributes;
}

/** Shapes that a check may look at before anything is emitted. */
export interface RuleQuestion {
  readonly node: Node;
  readonly opset: number;
  readonly types: Pick<TypeInference, "shape" | "integers">;
}

/** A row of the table. */
export interface Rule {
  /** Operator, with its domain unless that is ai.onnx. */
  readonly op: string;
  readonly saves: readonly Role[];
  /** Why this form of the operator is not covered, if it is not. */
  readonly refuses?: (question: RuleQuestion) => string | undefined;
  /** Emits nodes and returns one entry per input, omitted ones included. */
  readonly vjp: (rule: RuleCase) => readonly Gradient[];
}

/**
 * Checks a family of rules and returns it.
 *
 * @throws {@link InvariantError} when an operator has two rules.
 */
export function defineRules(rows: readonly Rule[]): readonly Rule[] {
  const operators = rows.map(({ op }) => op);
  const twice = operators.filter((op, i) => operators.indexOf(op) !== i);
  invariant(twice.length === 0, `two rules for ${twice.join(", ")}`);
  return rows;
}
