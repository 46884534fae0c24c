/**
 * @file What a model file shows of its maker, taken before the graph is brought into canonical form: fused operators and
 * the operator sets are gone or changed afterwards.
 */
import type { Graph, Model, ValueType } from "../onnx/graph.js";

/** Marks of an exporter. Labels such as the producer are evidence, never proof. */
export interface FileFacts {
  readonly producer: string;
  readonly irVersion: number;
  readonly opsets: ReadonlyMap<string, number>;
  /** How often each operator stands in the graph, subgraphs included; `domain.Name` outside ai.onnx. */
  readonly operators: ReadonlyMap<string, number>;
  readonly inputs: readonly { readonly name: string; readonly type: ValueType | undefined }[];
  /** Does the file define functions of its own? */
  readonly hasFunctions: boolean;
}

/** Reads the marks off a model as it was decoded. */
export function factsOf({ graph, irVersion, opsets, producer, functions }: Model): FileFacts {
  const operators = new Map<string, number>();
  count(graph, operators);
  return {
    producer,
    irVersion,
    opsets: new Map(opsets),
    operators,
    inputs: graph.inputs.map(({ name, type }) => ({ name, type })),
    hasFunctions: functions.length > 0,
  };
}

function count(graph: Graph, operators: Map<string, number>): void {
  for (const { op, attributes } of graph.nodes) {
    operators.set(op, (operators.get(op) ?? 0) + 1);
    for (const attribute of attributes.values())
      if (attribute.kind === "graph") count(attribute.value, operators);
  }
}
