/**
 * @file What all layers share and what depends on the sizes of the batch alone: masks, positions and rotation tables.
 * Each is written once.
 */
import type { Builder } from "../../onnx/builder.js";
import type { Value } from "../../onnx/graph.js";
import { float32Tensor } from "../../onnx/tensor.js";
import type { Frequencies, Rope } from "./rope.js";

/** Added to the scores of keys that must not be read: the least float32, as PyTorch's eager attention takes it. */
const MASKED = -3.4028234663852886e38;

/** Cosines and sines, `[token, rotated / 2]`. */
export interface Rotation {
  readonly cos: Value;
  readonly sin: Value;
}

/** Writes shared values on first use. */
export class Positions {
  readonly #masks = new Map<number | undefined, Value>();
  readonly #rotations = new Map<Rope, Rotation>();
  #length: Value | undefined;
  #indices: Value | undefined;

  constructor(
    private readonly b: Builder,
    private readonly inputs: { readonly inputIds: Value; readonly attentionMask: Value },
  ) {}

  /** Number of tokens, padding included; int64 scalar. */
  #tokens(): Value {
    const { b } = this;
    return (this.#length ??= b.op("Gather", [b.op("Shape", [this.inputs.inputIds]), b.ints(1)], {
      axis: 0n,
    }));
  }

  /** 0, 1, …; int64 `[token]`. Padding stands on the right, so a token's index is its position. */
  indices(): Value {
    const { b } = this;
    return (this.#indices ??= b.op("Range", [b.ints(0), this.#tokens(), b.ints(1)]));
  }

  /**
   * What is added to the scores, float32 `[batch, 1, 1, token, token]`: 0 where query i may read key j, that is where
   * j ≤ i, j is no padding, and i − j < window.
   */
  mask(window: number | undefined): Value {
    const known = this.#masks.get(window);
    if (known !== undefined) return known;
    const { b } = this;
    const j = this.indices();
    const i = b.op("Unsqueeze", [j, b.ints([1])]);
    const isCausal = b.op("LessOrEqual", [j, i]);
    const isNear =
      window === undefined ? undefined : b.op("Greater", [j, b.op("Sub", [i, b.ints(window)])]);
    const isSeen = isNear === undefined ? isCausal : b.op("And", [isCausal, isNear]);
    const isReal = b.op("Unsqueeze", [
      b.cast(this.inputs.attentionMask, "bool"),
      b.ints([1, 2, 3]),
    ]);
    const isRead = b.op("And", [isReal, isSeen]);
    const mask = b.op("Where", [isRead, b.float(0), b.float(MASKED)]);
    this.#masks.set(window, mask);
    return mask;
  }

  /** Tables of a rotation. */
  rotation(rope: Rope): Rotation {
    const known = this.#rotations.get(rope);
    if (known !== undefined) return known;
    const { b } = this;
    const position = b.op("Unsqueeze", [b.cast(this.indices(), "float32"), b.ints([1])]);
    const angle = b.op("Mul", [position, this.#inverse(rope.frequencies)]);
    const table = (opType: "Cos" | "Sin"): Value => {
      const plain = b.op(opType, [angle]);
      return rope.amplitude === 1 ? plain : b.op("Mul", [plain, b.float(rope.amplitude)]);
    };
    const rotation = { cos: table("Cos"), sin: table("Sin") };
    this.#rotations.set(rope, rotation);
    return rotation;
  }

  /** Inverse frequencies, float32 `[rotated / 2]`. */
  #inverse(frequencies: Frequencies): Value {
    const { b } = this;
    const list = (values: readonly number[]): Value =>
      b.constant(float32Tensor(values, [values.length]), "inverse_frequencies");
    switch (frequencies.kind) {
      case "fixed":
        return list(frequencies.inverse);
      case "dynamic": {
        // base·s^(d/(d−2)) in place of the base multiplies frequency i by s^(−2i/(d−2)),
        // with s = factor · length / context − (factor − 1), and s = 1 within the context
        const { inverse, factor, contextLength } = frequencies;
        const length = b.op("Max", [b.cast(this.#tokens(), "float32"), b.float(contextLength)]);
        const scaled = b.op("Mul", [length, b.float(factor / contextLength)]);
        const s = b.op("Sub", [scaled, b.float(factor - 1)]);
        const d = 2 * inverse.length;
        const exponents = list(inverse.map((_, i) => (-2 * i) / (d - 2)));
        return b.op("Mul", [list(inverse), b.op("Pow", [s, exponents])]);
      }
      case "by-length": {
        const { short, long, threshold } = frequencies;
        const isLong = b.op("Greater", [this.#tokens(), b.ints(threshold)]);
        return b.op("Where", [isLong, list(long), list(short)]);
      }
    }
  }
}
