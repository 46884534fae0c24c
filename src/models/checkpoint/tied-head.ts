/**
 * @file A head weight that is stored although the configuration says that the embedding is the head.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { ModelFormatError } from "../../errors.js";
import type { Tensor } from "../../onnx/tensor.js";
import type { Finding } from "../located.js";
import type { Architecture } from "./architecture.js";
import type { Weights } from "./weights.js";

/** Bytes compared at a time. */
const CHUNK = 1 << 22;

/**
 * Tensors that are known and not used: the head of a tied model, if it is stored too.
 *
 * @throws {@link ModelFormatError} `CHECKPOINT_TIED` when it differs from the embedding. Versions of transformers disagree
 * on which of the two then counts.
 */
export function tiedHead(
  { head, embedding }: Architecture,
  weights: Weights,
): { readonly known: readonly string[]; readonly findings: readonly Finding[] } {
  const name = `${head.module}.weight`;
  const stored = weights.tensors.get(name);
  const table = [...weights.tensors.values()].find(
    (weight) => `${embedding.module}.weight`.endsWith(weight.name) && weight !== stored,
  );
  if (!head.tied || stored?.tensor === undefined || table?.tensor === undefined)
    return { known: [], findings: [] };
  if (!sameBytes(stored.tensor, table.tensor)) {
    throw new ModelFormatError("a head is stored beside an embedding that should be the head", {
      code: "CHECKPOINT_TIED",
      where: weights.source,
      expected: `tie_word_embeddings: true and no "${name}", or one equal to "${table.name}"`,
      found: `a different "${name}"`,
      hint: "set tie_word_embeddings to false in config.json if the head was trained; otherwise remove the tensor",
    });
  }
  const text = `"${name}" is stored too; it equals the embedding, to which the head is tied`;
  return { known: [name], findings: [{ supports: true, text }] };
}

/** Compares the bytes of two tensors that lie in files, a few MB at a time. */
function sameBytes(a: Tensor, b: Tensor): boolean {
  if (a.dtype !== b.dtype || a.data.kind !== "external" || b.data.kind !== "external") return false;
  const { length } = a.data;
  if (length !== b.data.length) return false;
  const [x, y] = [chunksOf(a.data.file), chunksOf(b.data.file)];
  try {
    for (let at = 0; at < length; at += CHUNK) {
      const count = Math.min(CHUNK, length - at);
      const part = x.read(a.data.offset + at, count);
      if (part === undefined || y.read(b.data.offset + at, count)?.equals(part) !== true)
        return false;
    }
    return true;
  } finally {
    x.close();
    y.close();
  }
}

interface Chunks {
  /** At most {@link CHUNK} bytes, valid until the next call; `undefined` where the file ends before. */
  read(start: number, length: number): Buffer | undefined;
  close(): void;
}

function chunksOf(path: string): Chunks {
  const file = openSync(path, "r");
  const buffer = Buffer.alloc(CHUNK);
  return {
    read(start, length) {
      for (let done = 0; done < length;) {
        const n = readSync(file, buffer, done, length - done, start + done);
        if (n === 0) return undefined;
        done += n;
      }
      return buffer.subarray(0, length);
    },
    close: () => {
      closeSync(file);
    },
  };
}
