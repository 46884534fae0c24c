/** @file What `inspect` sees in a located model: plain data, printed or given as JSON. */
import { UnsupportedOperatorError } from "../errors.js";
import { describeAnatomy, type Anatomy } from "../models/anatomy.js";
import type { Finding, LocatedModel } from "../models/located.js";
import { isFusedAttention } from "../models/operator-roles.js";
import { buildSuffix } from "../models/suffix.js";
import type { Graph, Node } from "../onnx/graph.js";

/** What the graphs of an audit will be. */
export interface DerivedGraphs {
  /** Fused operators that stand as primitives in gradient graphs; captures keep the fused kernels. */
  readonly decomposed: readonly string[];
  /** Nodes of the gradient graph above the middle layer. */
  readonly gradientNodes: number | null;
  /** Why there is no gradient graph; null when there is one. */
  readonly refusal: string | null;
}

/** Everything that `inspect` says of a model. */
export interface SeenModel extends Anatomy {
  readonly file: string;
  readonly adapter: string;
  readonly producer: string;
  readonly operatorSets: Readonly<Record<string, number>>;
  readonly blocks: number;
  readonly dModel: number;
  readonly vocabulary: number;
  readonly contextLength: number | null;
  readonly weightTypes: readonly string[];
  readonly memory: { readonly weightsInFileBytes: number; readonly weightsAsFloat32Bytes: number };
  readonly inputs: {
    readonly inputIds: string | null;
    readonly embeddings: string | null;
    readonly attentionMask: string | null;
    readonly positionIds: string | null;
    readonly past: number;
  };
  readonly sites: readonly {
    readonly layer: number;
    readonly value: string;
    readonly madeBy: string;
    readonly dtype: string | null;
  }[];
  readonly derived: DerivedGraphs;
  /** Largest share of their range by which earlier logits move with the last token; null = not run. */
  readonly causality: number | null;
  readonly evidence: readonly Finding[];
}

const FLOAT_BYTES = 4;

/** Puts together what is seen without a run: `causality` is null. */
export function describeModel(located: LocatedModel): SeenModel {
  const { model, feeds } = located;
  const anatomy = describeAnatomy(located);
  return {
    file: located.path,
    adapter: located.adapter,
    producer: model.producer,
    operatorSets: Object.fromEntries([...model.opsets].map(([k, v]) => [k || "ai.onnx", v])),
    blocks: located.nLayers,
    dModel: located.dModel,
    vocabulary: located.vocab,
    contextLength: located.contextLength ?? null,
    ...anatomy,
    weightTypes: anatomy.weights.map(({ dtype }) => dtype).sort(),
    memory: {
      weightsInFileBytes: anatomy.weights.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      weightsAsFloat32Bytes: FLOAT_BYTES * anatomy.parameters,
    },
    inputs: {
      inputIds: feeds.inputIds?.name ?? null,
      embeddings: feeds.embeddings?.name ?? null,
      attentionMask: feeds.attentionMask?.name ?? null,
      positionIds: feeds.positionIds?.name ?? null,
      past: feeds.past.length,
    },
    sites: located.sites.map(({ name, producer, type }, layer) => ({
      layer,
      value: name,
      madeBy: producer === undefined ? "input" : producer.op,
      dtype: type?.dtype ?? null,
    })),
    derived: describeDerived(located),
    causality: null,
    evidence: located.evidence,
  };
}

/** Builds the gradient graph above the middle layer, runs nothing, and compares. */
function describeDerived(located: LocatedModel): DerivedGraphs {
  const fused = fusedOperators(located.model.graph);
  try {
    const layer = Math.floor(located.nLayers / 2);
    const { graph } = buildSuffix(located, layer, { gradient: true });
    const left = new Set(fusedOperators(graph));
    return {
      decomposed: fused.filter((op) => !left.has(op)),
      gradientNodes: graph.nodes.length,
      refusal: null,
    };
  } catch (error) {
    if (!(error instanceof UnsupportedOperatorError)) throw error;
    return {
      decomposed: [],
      gradientNodes: null,
      refusal: `${error.message}: ${error.found ?? ""}`,
    };
  }
}

function fusedOperators({ nodes }: Graph): string[] {
  const isFused = (node: Node): boolean =>
    isFusedAttention(node) || node.opType === "RotaryEmbedding";
  return [...new Set(nodes.filter(isFused).map(({ op }) => op))];
}
