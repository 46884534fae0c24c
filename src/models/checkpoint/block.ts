/**
 * @file One block: norms, attention, feed-forward half, and the sums that make the residual stream.
 */
import { present } from "../../errors.js";
import type { Value } from "../../onnx/graph.js";
import { activate } from "./activation.js";
import type { BlockSpec, MlpSpec, NormSpec } from "./architecture.js";
import { attention, split } from "./attention.js";
import { linear, norm, type Writing } from "./linear.js";
import type { Positions } from "./positions.js";

/** Writes a block, `[batch, token, dModel]` → the same. */
export function block(
  writing: Writing,
  x: Value,
  at: { readonly spec: BlockSpec; readonly positions: Positions },
): Value {
  const { b } = writing;
  const { form, norms, mlp, attention: spec } = at.spec;
  const normed = (value: Value, by: NormSpec | undefined): Value =>
    by === undefined ? value : norm(writing, value, by);
  const before = normed(x, norms.beforeAttention);
  const attended = attention(writing, before, { spec, positions: at.positions });
  if (form === "parallel") {
    const isShared = norms.beforeMlp?.module === norms.beforeAttention?.module;
    const fed = feedForward(writing, isShared ? before : normed(x, norms.beforeMlp), mlp);
    return b.op("Add", [b.op("Add", [attended, fed]), x]);
  }
  const y = b.op("Add", [x, normed(attended, norms.afterAttention)]);
  const fed = feedForward(writing, normed(y, norms.beforeMlp), mlp);
  return b.op("Add", [y, normed(fed, norms.afterMlp)]);
}

function feedForward(writing: Writing, x: Value, spec: MlpSpec): Value {
  const { b } = writing;
  const gated = (gate: Value, up: Value): Value =>
    b.op("Mul", [activate(b, gate, spec.activation), up]);
  switch (spec.kind) {
    case "gated": {
      const gate = linear(writing, x, spec.gate);
      return linear(writing, gated(gate, linear(writing, x, spec.up)), spec.down);
    }
    case "gated-packed": {
      const half = spec.gateUp.to / 2;
      const [gate, up] = split(writing, linear(writing, x, spec.gateUp), [half, half]);
      return linear(writing, gated(present(gate, "gate"), present(up, "up")), spec.down);
    }
    case "plain": {
      const up = activate(b, linear(writing, x, spec.up), spec.activation);
      return linear(writing, up, spec.down);
    }
  }
}
