/** @file What small networks hand from step to step: one tensor per carried value, rows first. */
import { ModelFormatError, present } from "../../errors.js";
import type { Network } from "../../models/network/network.js";
import { tensor, type ArrayOf, type Feeds, type RuntimeTensor } from "../../runtime/tensor.js";

/** Element types that a network may carry. */
type CarriedType = "float32" | "int64";

const ROOM: { readonly [D in CarriedType]: (length: number) => ArrayOf[D] } = {
  float32: (length) => new Float32Array(length),
  int64: (length) => new BigInt64Array(length),
};

/** What `rows` runs carry before their first step: zeros. @throws {@link ModelFormatError} for a shape without numbers. */
export function emptyCarry({ carry, name }: Network, rows: number): Feeds {
  return Object.fromEntries(
    carry.map(({ input }) => {
      const [, ...dims] = input.type?.shape ?? [];
      const dtype = input.type?.dtype;
      const isKnown = dims.length > 0 && dims.every((dim) => typeof dim === "number");
      if (!isKnown || (dtype !== "float32" && dtype !== "int64")) {
        throw new ModelFormatError(`the carried input "${input.name}" has no fixed shape`, {
          code: "NETWORK_CARRY",
          where: name,
          expected: "float32 or int64 [batch, …] with every size but the first a number",
          found: `${dtype ?? "no type"} [${(input.type?.shape ?? []).join(", ")}]`,
          hint: "export the graph with the sizes of its carried values",
        });
      }
      const width = dims.reduce((product, dim) => product * dim, 1);
      return [input.name, tensor(dtype, [rows, ...dims], ROOM[dtype](rows * width))];
    }),
  );
}

/** The carried outputs of a step, under the names of the inputs of the next one. */
export function carryOn({ carry }: Network, outputs: Feeds): Feeds {
  return Object.fromEntries(
    carry.map(({ input, output }) => [
      input.name,
      present(outputs[output.name], `carried "${output.name}"`),
    ]),
  );
}

/** The first `rows` rows of each: a view. */
export function firstRows(carry: Feeds, rows: number): Feeds {
  return mapTensors(carry, (whole) => viewOf(whole, rows));
}

/** The rows at `indices` of each, copied. */
export function pickRows(carry: Feeds, indices: ArrayLike<number>): Feeds {
  return mapTensors(carry, (whole) => {
    const { dims, dtype } = whole;
    const width = widthOf(dims);
    const out = ROOM[carriedType(dtype)](indices.length * width);
    for (let i = 0; i < indices.length; i++) copyRow(whole, indices[i] ?? 0, { out, at: i, width });
    return tensor(carriedType(dtype), [indices.length, ...dims.slice(1)], out);
  });
}

/** Puts row `from` of each tensor at row `to` of `into`. */
export function putRow(
  carry: Feeds,
  from: number,
  { into, to }: { into: Feeds; to: number },
): void {
  for (const [name, whole] of Object.entries(carry)) {
    const target = present(into[name], name);
    copyRow(whole, from, { out: target.data, at: to, width: widthOf(whole.dims) });
  }
}

function mapTensors(carry: Feeds, change: (whole: RuntimeTensor) => RuntimeTensor): Feeds {
  return Object.fromEntries(Object.entries(carry).map(([name, whole]) => [name, change(whole)]));
}

function viewOf(whole: RuntimeTensor, rows: number): RuntimeTensor {
  const dims = [rows, ...whole.dims.slice(1)];
  const length = rows * widthOf(whole.dims);
  return tensor(carriedType(whole.dtype), dims, whole.data.subarray(0, length) as Float32Array);
}

function copyRow(
  whole: RuntimeTensor,
  from: number,
  { out, at, width }: { readonly out: unknown; readonly at: number; readonly width: number },
): void {
  // one element type on both sides: both were made for the same carried value
  const [source, target] = [whole.data as Float32Array, out as Float32Array];
  target.set(source.subarray(from * width, (from + 1) * width), at * width);
}

function widthOf(dims: readonly number[]): number {
  return dims.slice(1).reduce((product, dim) => product * dim, 1);
}

function carriedType(dtype: RuntimeTensor["dtype"]): "float32" {
  return dtype as "float32"; // only types of ROOM are carried; views and copies keep their own
}
