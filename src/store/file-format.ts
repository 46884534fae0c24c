/**
 * @file Files that are taken for a model or its weights by mistake, recognised by their first bytes: what they are, and
 * what their owner should do. Nothing here reads beyond the head.
 */

/** A file of another kind than the one expected. */
export interface ForeignFormat {
  /** For `found`, for example `a GGUF file (llama.cpp)`. */
  readonly what: string;
  readonly hint: string;
}

/** Bytes of a file's start that are enough for {@link recogniseFormat}. */
export const HEAD_BYTES = 1024;

const LFS = "version https://git-lfs.github.com/spec/";
const EXPORT =
  "give the model's Hugging Face folder with safetensors weights, or export it: optimum-cli export onnx --task text-generation --model DIR OUT";

/** A Git LFS pointer, wherever weights should be. */
export const LFS_POINTER: ForeignFormat = {
  what: "this is a Git LFS pointer: the name of the data, not the data",
  hint: "fetch the data: run `git lfs install` and `git lfs pull` in the model's folder, or download the file itself",
};

type Test = (head: Uint8Array, sizeBytes: number) => boolean;

const starts =
  (...bytes: readonly number[]): Test =>
  (head) =>
    bytes.every((byte, i) => head[i] === byte);
const startsWithText =
  (text: string, at = 0): Test =>
  (head) =>
    textOf(head.subarray(at, at + text.length)) === text;

/** Marks of a page and of a JSON text, after white space; a byte order mark is gone by then. */
const HTML = /^\s*<(?:!doctype|html|head|body|\?xml)/i;
const JSON_START = /^\s*[{[]\s*["{[\]}0-9]/;

/** In this order; the first that fits decides. */
const FORMATS: readonly (readonly [Test, ForeignFormat])[] = [
  [startsWithText(LFS), LFS_POINTER],
  [
    (head) => HTML.test(textOf(head)),
    {
      what: "this is a web page (HTML), not the file that its name says",
      hint: "the download went to a login or error page: fetch the file again and look at its size",
    },
  ],
  [
    startsWithText("GGUF"),
    {
      what: "this is a GGUF file (llama.cpp)",
      hint: `GGUF holds no graph and cannot be audited; take the checkpoint that it was made from: ${EXPORT}`,
    },
  ],
  [
    isSafetensors,
    {
      what: "this is a safetensors file: weights without a graph",
      hint: "give the folder that holds it together with its config.json",
    },
  ],
  [
    starts(0x50, 0x4b, 0x03, 0x04),
    {
      what: "this is a zip archive, as PyTorch writes .pt and .bin files",
      hint: `it is never unpickled here, because that runs code; ${EXPORT}`,
    },
  ],
  [
    (head) => head[0] === 0x80 && [2, 3, 4, 5].includes(head[1] ?? 0),
    {
      what: "this is a Python pickle, as older PyTorch writes .pt and .bin files",
      hint: `it is never unpickled here, because that runs code; ${EXPORT}`,
    },
  ],
  [
    startsWithText("ORTM", 4),
    {
      what: "this is a model in ORT format",
      hint: "give the .onnx file that it was made from",
    },
  ],
  [
    startsWithText("TFL3", 4),
    { what: "this is a TensorFlow Lite model", hint: `take the original checkpoint: ${EXPORT}` },
  ],
  [starts(0x89, 0x48, 0x44, 0x46), { what: "this is an HDF5 file, as Keras writes", hint: EXPORT }],
  [
    starts(0x1f, 0x8b),
    { what: "this is a gzip archive", hint: "unpack it and give the model inside" },
  ],
  [
    (head) => JSON_START.test(textOf(head)),
    { what: "this is a JSON text", hint: "give the model's folder, or its .onnx file" },
  ],
];

/** What a file is, when its first bytes say that it is something else than a model or weights. */
export function recogniseFormat(head: Uint8Array, sizeBytes: number): ForeignFormat | undefined {
  return FORMATS.find(([fits]) => fits(head, sizeBytes))?.[1];
}

/** A header length that fits the file, then the brace of its JSON. */
function isSafetensors(head: Uint8Array, sizeBytes: number): boolean {
  if (head.length < 9 || head[8] !== 0x7b) return false;
  const length = new DataView(head.buffer, head.byteOffset, head.byteLength).getBigUint64(0, true);
  return length >= 2n && length <= BigInt(Math.max(0, sizeBytes - 8));
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
