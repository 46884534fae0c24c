/**
 * @file A graph of the library in ONNX Runtime, with its external weights found.
 */
import type { Session, SessionOptions } from "../runtime/session.js";
import type { OnnxGraph } from "./onnx-graph.js";

/**
 * Loads a graph into ONNX Runtime; the runtime is loaded by the first call. Release the session when it is done with:
 * the garbage collector does not see native memory.
 *
 * @throws {@link ModelFormatError} when the runtime refuses the graph; {@link HostError} when the runtime or the device
 * cannot be used.
 */
export async function openSession(
  graph: Pick<OnnxGraph, "name" | "bytes" | "folder">,
  options: Omit<SessionOptions, "host"> = {},
): Promise<Session> {
  const { openEncoded } = await import("../runtime/session.js");
  return openEncoded(graph, options);
}
