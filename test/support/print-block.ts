/** @file The golden text of one block of an export: the nodes between its first two residual sites. */
import { ADAPTERS } from "../../adapters/index.js";
import { loadModel } from "../../src/models/load.js";
import { carriesData } from "../../src/models/operator-roles.js";
import { findDominance } from "../../src/onnx/dominance.js";
import { printNode } from "../../src/onnx/print.js";
import { exportFixture } from "./located.js";

/** Prints what computes residual 1 from residual 0. */
export async function printBlock(id: string): Promise<string> {
  const { sites, model } = await loadModel(exportFixture(id), { adapters: ADAPTERS });
  const [source, sink] = [sites[0]!, sites[1]!];
  const found = findDominance(model.graph, { source, sink, carries: carriesData })!;
  const nodes = found.regions.flatMap((region) => region.nodes);
  return `${nodes.map(printNode).join("\n")}\n`;
}
