/**
 * @file Causal self-attention in primitive operators.
 *
 * Queries are `[batch, kvHead, group, token, dHead]` and keys `[batch, kvHead, 1, token, dHead]`: the products broadcast
 * over the group, so keys and values are never repeated, and the gradient of a key sums over its group by itself.
 */
import { present } from "../../errors.js";
import type { Value } from "../../onnx/graph.js";
import type { AttentionSpec, NormSpec } from "./architecture.js";
import { linear, norm, type Writing } from "./linear.js";
import type { Positions, Rotation } from "./positions.js";

const MICROSOFT = { domain: "com.microsoft" };

/** Writes an attention, `[batch, token, dModel]` → the same. */
export function attention(
  writing: Writing,
  x: Value,
  at: { readonly spec: AttentionSpec; readonly positions: Positions },
): Value {
  const { b } = writing;
  const { spec, positions } = at;
  const { heads, kvHeads, dHead } = spec;
  const group = heads / kvHeads;
  const projected = project(writing, x, spec);
  const rotation = spec.rope === undefined ? undefined : positions.rotation(spec.rope);
  const prepare = (value: Value, which: "q" | "k" | "v"): Value => {
    const shape = [0, 0, kvHeads, which === "q" ? group : 1, dHead];
    const split = b.op("Reshape", [value, b.ints(shape)]);
    const normed = which !== "v" && headNorm(spec, which);
    const ready = normed ? norm(writing, split, normed) : split;
    const byHead = b.op("Transpose", [ready], { perm: [0n, 2n, 3n, 1n, 4n] });
    return which === "v" || rotation === undefined || spec.rope === undefined
      ? byHead
      : rotate(writing, byHead, { rotation, rotated: spec.rope.rotated, dHead });
  };
  const q = prepare(projected.q, "q");
  const k = prepare(projected.k, "k");
  const v = prepare(projected.v, "v");
  const scores = b.op("FusedMatMul", [q, k], { transB: 1n, alpha: spec.scale }, MICROSOFT);
  const masked = b.op("Add", [softcap(writing, scores, spec.softcap), positions.mask(spec.window)]);
  const mixed = b.op("MatMul", [b.op("Softmax", [masked], { axis: -1n }), v]);
  const byToken = b.op("Transpose", [mixed], { perm: [0n, 3n, 1n, 2n, 4n] });
  return linear(writing, b.op("Reshape", [byToken, b.ints([0, 0, heads * dHead])]), spec.out);
}

/** cap · tanh(x / cap). */
export function softcap({ b }: Writing, x: Value, cap: number | undefined): Value {
  if (cap === undefined) return x;
  return b.op("Mul", [b.op("Tanh", [b.op("Div", [x, b.float(cap)])]), b.float(cap)]);
}

interface Projected {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
}

/** Queries `[batch, token, heads · dHead]`, keys and values `[batch, token, kvHeads · dHead]`; or by head already. */
function project(writing: Writing, x: Value, spec: AttentionSpec): Projected {
  const { q, k, v } = products(writing, x, spec);
  const { qkNorm } = spec;
  if (qkNorm?.over !== "all") return { q, k, v };
  return { q: norm(writing, q, qkNorm.q), k: norm(writing, k, qkNorm.k), v };
}

function products(writing: Writing, x: Value, spec: AttentionSpec): Projected {
  const { projections, heads, kvHeads, dHead } = spec;
  switch (projections.kind) {
    case "separate":
      return {
        q: linear(writing, x, projections.q),
        k: linear(writing, x, projections.k),
        v: linear(writing, x, projections.v),
      };
    case "packed": {
      const sizes = [heads, kvHeads, kvHeads].map((n) => n * dHead);
      return parts(writing, linear(writing, x, projections.qkv), sizes);
    }
    case "packed-by-head": {
      const { b } = writing;
      const all = linear(writing, x, projections.qkv);
      const byHead = b.op("Reshape", [all, b.ints([0, 0, heads, 3 * dHead])]);
      return parts(writing, byHead, [dHead, dHead, dHead]);
    }
  }
}

/** Cuts the last axis into three. */
function parts(writing: Writing, packed: Value, sizes: readonly number[]): Projected {
  const [q, k, v] = split(writing, packed, sizes);
  return { q: present(q, "queries"), k: present(k, "keys"), v: present(v, "values") };
}

/** Cuts the last axis. */
export function split({ b }: Writing, x: Value, sizes: readonly number[]): readonly Value[] {
  const options = { outputs: sizes.length };
  return b.node("Split", [x, b.ints(sizes)], { axis: -1n }, options).outputs;
}

function headNorm({ qkNorm }: AttentionSpec, which: "q" | "k"): NormSpec | undefined {
  return qkNorm?.over === "head" ? qkNorm[which] : undefined;
}

interface Turn {
  readonly rotation: Rotation;
  readonly rotated: number;
  readonly dHead: number;
}

/** (x₁, x₂, rest) → (x₁ cos − x₂ sin, x₂ cos + x₁ sin, rest), the two halves of `rotated` numbers of every head. */
function rotate(writing: Writing, x: Value, { rotation, rotated, dHead }: Turn): Value {
  const { b } = writing;
  const { cos, sin } = rotation;
  const half = rotated / 2;
  const rest = dHead - rotated;
  const [first, second, ...others] = split(writing, x, [half, half, ...(rest > 0 ? [rest] : [])]);
  const [x1, x2] = [present(first, "first half"), present(second, "second half")];
  const turned = [
    b.op("Sub", [b.op("Mul", [x1, cos]), b.op("Mul", [x2, sin])]),
    b.op("Add", [b.op("Mul", [x2, cos]), b.op("Mul", [x1, sin])]),
  ];
  return b.op("Concat", [...turned, ...others], { axis: -1n });
}
