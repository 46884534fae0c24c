/**
 * @file Locates the residual stream of a decoder-only language model by structure alone; what most adapters call.
 */
import { LocateError } from "../errors.js";
import { carriedInputs, findDominance } from "../onnx/dominance.js";
import { describeNode, type Graph, type Node, type Value } from "../onnx/graph.js";
import type { Located, ModelFile, Outcome } from "./adapter.js";
import { describe, planFeeds } from "./feeds.js";
import type { FeedPlan, Finding } from "./located.js";
import { refuseByOperators } from "./kind-of-model.js";
import { carriesData, isMatMulLike } from "./operator-roles.js";
import { findResidual } from "./residual.js";

/**
 * Finds inputs, logits and residual sites.
 *
 * @throws {@link LocateError} explaining the nearest miss.
 */
export function locateDecoder({ model, configuration }: ModelFile): Located {
  const { graph } = model;
  const logits = findLogits(graph);
  const last = logits.type?.shape?.at(-1);
  const vocab = typeof last === "number" ? last : configuration?.vocab;
  const { plan, source, tableRows } = planFeeds({ graph, vocab, configuration });
  refuseByOperators(graph, source, logits);
  const dominance = findDominance(graph, { source, sink: logits, carries: carriesData });
  if (dominance === undefined) throw disconnected(source, logits);
  const residual = findResidual(dominance);
  const head = dominance.regions.slice(headStart(dominance.chain, residual.sites));
  refuseSelection(head);
  refuseMissingHead(head, logits);
  const findings = [...residual.findings, ...inputFindings(plan)];
  const table = tableRows === undefined ? {} : { tableRows };
  return { sites: residual.sites, logits, feeds: plan, findings, ...table };
}

/** As {@link locateDecoder}, with a refusal as data. */
export function attemptDecoder(file: ModelFile): Outcome {
  try {
    return { kind: "located", located: locateDecoder(file) };
  } catch (error) {
    if (error instanceof LocateError) return { kind: "refused", error };
    throw error;
  }
}

function findLogits(graph: Graph): Value {
  const shaped = graph.outputs.filter(
    ({ type }) => type?.dtype.includes("float") === true && (type.shape?.length ?? 3) === 3,
  );
  const named = shaped.filter(({ name }) => name === "logits");
  for (const choice of [named, shaped]) {
    const [only, ...others] = choice;
    if (only !== undefined && others.length === 0) return only;
  }
  throw new LocateError("the model has no output that could be the logits", {
    code: "NO_LOGITS",
    expected: 'one float output [batch, token, vocab], called "logits" where there are several',
    found: graph.outputs.map(describe).join(", ") || "no outputs",
    hint: "export with the language-model head (task text-generation), not the bare transformer",
  });
}

function disconnected(source: Value, logits: Value): LocateError {
  return new LocateError("the logits do not depend on the token embeddings", {
    code: "DISCONNECTED",
    where: `from "${source.name}" to "${logits.name}"`,
    expected: "a flow of data from the embedding lookup to the logits",
    found: "none",
    hint: "export the model again for text generation: this graph cannot answer a prompt",
  });
}

function headStart(chain: readonly Value[], sites: readonly Value[]): number {
  const last = sites.at(-1);
  return last === undefined ? 0 : chain.indexOf(last);
}

/** Logits must be there for every position: a head on the last column alone reads padding in shorter rows. */
function refuseSelection(head: readonly { readonly nodes: readonly Node[] }[]): void {
  const node = head.flatMap(({ nodes }) => nodes).find(selectsPositions);
  if (node === undefined) return;
  throw new LocateError("the head computes logits of chosen positions only", {
    code: "PRUNED_HEAD",
    where: describeNode(node),
    expected: "logits for every token, [batch, token, vocab]",
    found: `${node.op} between the last block and the logits`,
    hint: "export without a pruned head (genai builder: without prune_lm_head)",
  });
}

function selectsPositions(node: Node): boolean {
  if (["Gather", "GatherND", "GatherElements"].includes(node.opType))
    return carriedInputs(node, carriesData).length > 0;
  return node.opType === "Slice" && node.inputs[1]?.numbers?.some((start) => start !== 0) === true;
}

/** Behind the last block stand a norm and a product with the vocabulary's weights. */
function refuseMissingHead(
  head: readonly { readonly nodes: readonly Node[] }[],
  logits: Value,
): void {
  if (head.flatMap(({ nodes }) => nodes).some(isMatMulLike)) return;
  throw new LocateError("the model has no language-model head", {
    code: "NO_LOGITS",
    where: `output ${describe(logits)}`,
    expected: "logits: a product with the head's weights behind the last block",
    found: "hidden states of the last block",
    hint: "export with the language-model head (task text-generation; genai builder: without exclude_lm_head)",
  });
}

function inputFindings(plan: FeedPlan): Finding[] {
  const inputs = [
    ...(plan.inputIds === undefined ? [] : [plan.inputIds.name]),
    ...(plan.embeddings === undefined
      ? []
      : [`${plan.embeddings.name} (embeddings, no token ids)`]),
    ...(plan.attentionMask === undefined ? [] : [plan.attentionMask.name]),
    ...(plan.positionIds === undefined ? [] : [plan.positionIds.name]),
    ...(plan.past.length > 0 ? [`${plan.past.length} past inputs`] : []),
  ];
  return [{ supports: true, text: `inputs: ${inputs.join(", ")}` }];
}
