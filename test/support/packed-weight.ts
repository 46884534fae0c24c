/** @file Random MatMulNBits weights with the dense matrix that they stand for, worked out here in float64. */
import type { Graph, Node, Value } from "../../src/onnx/graph.js";
import { float32Tensor, type Tensor } from "../../src/onnx/tensor.js";
import { stream } from "../../src/stats/stream.js";

/** One form of a packed weight. */
export interface PackedForm {
  readonly bits: 2 | 4 | 8;
  readonly blockSize: 16 | 32 | 64;
  /** Rows: width of the result. */
  readonly n: number;
  /** Columns: width of the data; may leave the last block unfilled. */
  readonly k: number;
  readonly zeroPoints: "none" | "packed" | "float";
  /** Scales and zero points as vectors, as older files have them. */
  readonly isFlat: boolean;
  readonly hasBias: boolean;
  readonly seed: number;
}

/** Operands of a node, and what they mean. */
interface PackedOperands {
  readonly packed: Tensor;
  readonly scales: Tensor;
  readonly zeroPoints: Tensor | undefined;
  readonly bias: Tensor | undefined;
  /** `[n][k]`, (q − z) · s. */
  readonly dense: readonly (readonly number[])[];
}

/** Draws a weight. */
export function drawPacked(form: PackedForm): PackedOperands {
  const { bits, blockSize, n, k, zeroPoints, isFlat, hasBias, seed } = form;
  const rng = stream(seed, "packed");
  const blocks = Math.ceil(k / blockSize);
  const draw = (count: number, one: () => number): number[] => Array.from({ length: count }, one);
  const q = draw(n * blocks * blockSize, () => rng.int(2 ** bits));
  const scales = Float32Array.from(draw(n * blocks, () => 0.05 + 0.1 * rng.next()));
  const whole = draw(n * blocks, () => rng.int(2 ** bits));
  const real = Float32Array.from(draw(n * blocks, () => rng.next() * 2 ** bits));
  const zeroAt = (i: number): number =>
    ({ none: 2 ** (bits - 1), packed: whole[i]!, float: real[i]! })[zeroPoints];
  const dense = Array.from({ length: n }, (_, row) =>
    Array.from({ length: k }, (_, column) => {
      const block = row * blocks + Math.floor(column / blockSize);
      return (q[row * blocks * blockSize + column]! - zeroAt(block)) * scales[block]!;
    }),
  );
  const dims = isFlat ? [n * blocks] : [n, blocks];
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const zeros: Readonly<Record<PackedForm["zeroPoints"], () => Tensor | undefined>> = {
    none: () => undefined,
    float: () => float32Tensor(real, dims),
    packed: () =>
      bytes(
        Array.from({ length: n }, (_, row) =>
          pack(whole.slice(row * blocks, (row + 1) * blocks), bits),
        ).flat(),
        isFlat ? [n * zeroBytes] : [n, zeroBytes],
      ),
  };
  return {
    packed: bytes(pack(q, bits), [n, blocks, (blockSize * bits) / 8]),
    scales: float32Tensor(scales, dims),
    zeroPoints: zeros[zeroPoints](),
    bias: hasBias
      ? float32Tensor(
          draw(n, () => rng.normal()),
          [n],
        )
      : undefined,
    dense,
  };
}

/** Low bits first. */
function pack(values: readonly number[], bits: number): number[] {
  const perByte = 8 / bits;
  return Array.from({ length: Math.ceil(values.length / perByte) }, (_, i) =>
    Array.from({ length: perByte }, (_, j) => (values[i * perByte + j] ?? 0) << (bits * j)).reduce(
      (a, b) => a + b,
    ),
  );
}

function bytes(values: readonly number[], dims: readonly number[]): Tensor {
  return { dtype: "uint8", dims, data: { kind: "inline", bytes: Uint8Array.from(values) } };
}

/** Adds the node y = MatMulNBits(x, …) under names that start with `name`. */
export function addPackedProduct(
  graph: Graph,
  x: Value,
  { form, operands, name = "w" }: { form: PackedForm; operands: PackedOperands; name?: string },
): Node {
  const add = (suffix: string, tensor: Tensor | undefined): Value | null =>
    tensor === undefined ? null : graph.addInitializer(`${name}_${suffix}`, tensor);
  const inputs = [
    x,
    add("packed", operands.packed),
    add("scales", operands.scales),
    add("zeros", operands.zeroPoints),
    null,
    add("bias", operands.bias),
  ];
  while (inputs.at(-1) === null) inputs.pop();
  const { n, k, bits, blockSize } = form;
  return graph.addNode({
    opType: "MatMulNBits",
    domain: "com.microsoft",
    name: `${name}_product`,
    inputs,
    attributes: {
      N: BigInt(n),
      K: BigInt(k),
      bits: BigInt(bits),
      block_size: BigInt(blockSize),
      accuracy_level: 1n,
    },
  });
}
