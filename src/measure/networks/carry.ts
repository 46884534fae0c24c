/** @file What small networks hand from step to step: one tensor per carried value, rows first. */
import { invariant, ModelFormatError, present } from "../../errors.js";
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
      return [input.name, tensor(dtype, [rows, ...dims], ROOM[dtype](rows * sizeOf(dims)))];
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
  return changeRows(carry, rows, (data, { width }) => data.subarray(0, rows * width));
}

/** The rows at `indices` of each, copied. */
export function pickRows(carry: Feeds, indices: readonly number[]): Feeds {
  return changeRows(carry, indices.length, (data, { width, room }) => {
    const out = room(indices.length * width);
    indices.forEach((from, to) => {
      out.set(data.subarray(from * width, (from + 1) * width), to * width);
    });
    return out;
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
    const width = sizeOf(whole.dims.slice(1));
    const [first, last, at] = [from * width, (from + 1) * width, to * width];
    if (whole.dtype === "float32" && target.dtype === "float32") {
      target.data.set(whole.data.subarray(first, last), at);
    } else if (whole.dtype === "int64" && target.dtype === "int64") {
      target.data.set(whole.data.subarray(first, last), at);
    } else {
      invariant(false, `"${name}" is carried as ${whole.dtype} and as ${target.dtype}`);
    }
  }
}

/** What is done with rows, whatever their elements. */
interface Elements<T> {
  subarray(first: number, last: number): T;
  set(values: T, at: number): void;
}

/** Elements of a row, and how to get room for more of their type. */
interface RowFacts<T> {
  readonly width: number;
  readonly room: (length: number) => T;
}

/** Other rows of one tensor, from its elements. */
type RowChange = <T extends Elements<T>>(data: T, facts: RowFacts<T>) => T;

/** Each tensor with other rows, `rows` of them. */
function changeRows(carry: Feeds, rows: number, change: RowChange): Feeds {
  return Object.fromEntries(
    Object.entries(carry).map(([name, whole]) => [name, changed(whole, rows, change)]),
  );
}

function changed(whole: RuntimeTensor, rows: number, change: RowChange): RuntimeTensor {
  const dims = [rows, ...whole.dims.slice(1)];
  const width = sizeOf(whole.dims.slice(1));
  if (whole.dtype === "float32") {
    return tensor("float32", dims, change(whole.data, { width, room: ROOM.float32 }));
  }
  invariant(whole.dtype === "int64", `a value is carried as ${whole.dtype}`);
  return tensor("int64", dims, change(whole.data, { width, room: ROOM.int64 }));
}

function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
