/**
 * @file ONNX models at the border of the library: what functions take and give. Bytes and plain data, so that any other
 * ONNX program can go on with them.
 */
import { join } from "node:path";
import { findModelFile } from "../models/model-path.js";
import { annotateTypes } from "../onnx/annotate-types.js";
import { decodeModel, readModel } from "../onnx/decode.js";
import { encodeModel } from "../onnx/encode.js";
import type { Dim, Model, Value } from "../onnx/graph.js";
import type { DType } from "../onnx/tensor.js";

/** An input or an output of a graph. */
export interface GraphPort {
  /** As feeds and results are keyed. */
  readonly name: string;
  /** Element type; absent where the file does not declare it. */
  readonly dtype?: DType;
  /** Sizes, names of sizes, or null where nothing is known; absent where even the rank is unknown. */
  readonly shape?: readonly Dim[];
}

/** An ONNX model in memory. Its weights may stay in the files of the model that it was made from. */
export interface OnnxGraph {
  /** Name of the graph; errors of the runtime name it. */
  readonly name: string;
  /** A serialised ONNX `ModelProto`; written to a file in {@link OnnxGraph.folder}, any ONNX program can load it. */
  readonly bytes: Uint8Array;
  /** Folder that the locations of external weights are relative to; `undefined` where all weights are inside. */
  readonly folder: string | undefined;
  /** What has to be fed. */
  readonly inputs: readonly GraphPort[];
  /** What is computed. */
  readonly outputs: readonly GraphPort[];
}

/** A serialised model. */
export interface OnnxBytes {
  /** A serialised ONNX `ModelProto`. */
  readonly bytes: Uint8Array;
  /** Folder that the locations of external weights are relative to. @defaultValue the working directory */
  readonly folder?: string | undefined;
}

/** A model to read: the path of a .onnx file (or of a folder that holds one), or bytes such as an {@link OnnxGraph}. */
export type OnnxSource = string | OnnxBytes;

/**
 * Reads a source; weights stay where they are.
 *
 * @throws {@link ModelFormatError} when it is not a readable ONNX model.
 */
export function readSource(source: OnnxSource): Model {
  if (typeof source === "string") return readModel(findModelFile(source));
  return decodeModel(source.bytes, join(source.folder ?? process.cwd(), "(bytes in memory)"));
}

/** A model as bytes, with its inputs and outputs. Types of inner values are inferred anew, in place. */
export function toOnnxGraph(model: Model): OnnxGraph {
  annotateTypes(model.graph);
  const { name, bytes, folder } = encodeModel(model);
  const { inputs, outputs } = model.graph;
  return { name, bytes, folder, inputs: inputs.map(portOf), outputs: outputs.map(portOf) };
}

function portOf({ name, type }: Value): GraphPort {
  if (type === undefined) return { name };
  const { dtype, shape } = type;
  return { name, dtype, ...(shape === undefined ? {} : { shape }) };
}
