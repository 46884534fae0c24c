/**
 * @file From the flow between embedding and logits to the residual stream after every block.
 *
 * A residual block's branch rejoins the stream at one Add, so the stream's values dominate the logits. Regions between
 * consecutive dominators are classified by what they compute, never by names:
 *
 *   sequential block   x → (attention region) → (glue) → (mlp region) → x'
 *   parallel block     x → (attention region that holds the mlp as well) → x'
 */
import { LocateError, present } from "../errors.js";
import { carriedInputs, type Dominance, type Region } from "../onnx/dominance.js";
import { describeNode, type Node, type Value } from "../onnx/graph.js";
import { TypeInference } from "../onnx/type-inference.js";
import { listText } from "../plan/list-text.js";
import type { Finding } from "./located.js";
import { carriesData, containsNorm, isFusedAttention, isMatMulLike } from "./operator-roles.js";

/** What a region computes: it mixes positions, it multiplies by weights, or neither. */
export type RegionKind = "attention" | "mlp" | "glue";

/** A region with its kind. */
export interface ClassifiedRegion extends Region {
  readonly kind: RegionKind;
}

/** How the blocks of the model are built. */
export type BlockForm = "sequential" | "parallel";

/** The residual stream: `sites[0]` enters the first block, `sites[l]` leaves block l. */
export interface Residual {
  readonly sites: readonly Value[];
  readonly form: BlockForm;
  readonly isPostNorm: boolean;
  readonly findings: readonly Finding[];
}

/** Says what a region computes. A Softmax alone is no attention: routers of experts have one as well. */
export function classifyRegion(region: Region, active: ReadonlySet<Value>): RegionKind {
  const matmuls = region.nodes.filter(isMatMulLike);
  if (region.nodes.some((node) => mixingSteps(node, active) > 0)) return "attention";
  return matmuls.length >= 2 ? "mlp" : "glue";
}

/** Products of two values of the tokens that attention takes one after the other: scores, and the mix of values. */
const STEPS_OF_ATTENTION = 2;

function mixingSteps(node: Node, active: ReadonlySet<Value>): number {
  if (isFusedAttention(node)) return STEPS_OF_ATTENTION;
  const operands = carriedInputs(node, carriesData).filter((value) => active.has(value));
  return isMatMulLike(node) && operands.length >= 2 ? 1 : 0;
}

/** The longest chain of such products in a region, one feeding the next. */
function mixingDepth(nodes: readonly Node[], active: ReadonlySet<Value>): number {
  const depths = new Map<Value, number>();
  let deepest = 0;
  for (const node of nodes) {
    const before = carriedInputs(node, carriesData).map((value) => depths.get(value) ?? 0);
    const depth = Math.max(0, ...before) + mixingSteps(node, active);
    node.outputs.forEach((output) => depths.set(output, depth));
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/**
 * A path from one layer into a later one hides the stream between them: no value there is passed by everything, and
 * the layers look like one. Attention of attention in one region gives it away.
 */
function checkNoCrossing(regions: readonly ClassifiedRegion[], active: ReadonlySet<Value>): void {
  const merged = regions.find(({ nodes }) => mixingDepth(nodes, active) > STEPS_OF_ATTENTION);
  if (merged === undefined) return;
  const depth = Math.ceil(mixingDepth(merged.nodes, active) / STEPS_OF_ATTENTION);
  throw new LocateError("a path across layers hides the residual stream", {
    code: "CROSS_LAYER",
    where: `between "${merged.from.name}" and "${merged.to.name}"`,
    expected: "after every block one value that everything passes through",
    found: `${depth} attentions in a row without such a value`,
    hint: "shared keys, value residuals, hyper-connections and skips over whole blocks are not covered; audit another model",
  });
}

/**
 * Classifies all regions; a frozen bias added straight after a branch is made part of the branch, and so is a Reshape
 * that brings tokens of one long row back to [batch, token, dModel] (OPT adds the mlp's branch on flattened tokens).
 */
export function classifyRegions({ regions, active }: Dominance): ClassifiedRegion[] {
  const classified: ClassifiedRegion[] = [];
  const unflattens = unflatteningOf(regions);
  for (const region of regions) {
    const last = classified.at(-1);
    const belongs = addsFrozenVector(region, active) || unflattens(region);
    if (last !== undefined && last.kind !== "glue" && belongs) {
      const nodes = [...last.nodes, ...region.nodes];
      classified[classified.length - 1] = { ...last, to: region.to, nodes };
    } else classified.push({ ...region, kind: classifyRegion(region, active) });
  }
  return classified;
}

/** Is the region one Reshape from rank 2 to rank 3? Shapes are inferred when the first candidate asks. */
function unflatteningOf(regions: readonly Region[]): (region: Region) => boolean {
  let types: TypeInference | undefined;
  return ({ from, to, nodes }) => {
    if (nodes.length !== 1 || nodes[0]?.opType !== "Reshape") return false;
    types ??= new TypeInference(present(regions[0], "first region").from.graph);
    return types.shape(from)?.length !== 3 && types.shape(to)?.length === 3;
  };
}

function addsFrozenVector({ nodes }: Region, active: ReadonlySet<Value>): boolean {
  const [node] = nodes;
  if (nodes.length !== 1 || node?.opType !== "Add") return false;
  const frozen = node.inputs.filter((value) => value !== null && !active.has(value));
  // a half-precision bias is cast first
  const cast = frozen[0]?.producer?.op === "Cast" ? frozen[0].producer.input(0) : frozen[0];
  return frozen.length === 1 && cast?.initializer?.dims.length === 1;
}

/**
 * Reads the blocks off the regions between embedding and logits.
 *
 * @throws {@link LocateError} when they do not alternate as a decoder's do: it says how many blocks were found, which
 * region broke the pattern and what would have been accepted there.
 */
export function findResidual(dominance: Dominance): Residual {
  const regions = classifyRegions(dominance);
  const branches = regions.filter(({ kind }) => kind !== "glue");
  checkHasAttention(branches, regions);
  checkNoCrossing(regions, dominance.active);
  const form: BlockForm = branches.every(({ kind }) => kind === "attention")
    ? "parallel"
    : "sequential";
  if (form === "sequential") checkAlternates(branches);
  const blockEnds = branches.filter(({ kind }) => form === "parallel" || kind === "mlp");
  const gap = form === "sequential" ? postNormGap(regions, blockEnds) : 0;
  const first = present(branches[0], "first branch").from;
  const sites = [first, ...blockEnds.map((region) => endAfter(regions, region, gap))];
  return { sites, form, isPostNorm: gap > 0, findings: describe(sites, form, gap) };
}

function describe(sites: readonly Value[], form: BlockForm, gap: number): Finding[] {
  const maker = (value: Value): Node | undefined =>
    value.producer?.opType === "Reshape" ? value.producer.input(0).producer : value.producer;
  const adds = sites.slice(1).filter((value) => maker(value)?.opType === "Add").length;
  const findings: Finding[] = [
    { supports: true, text: `${sites.length - 1} ${form} blocks between embedding and logits` },
  ];
  if (gap > 0)
    findings.push({ supports: true, text: "each block ends in a norm of the sum (post-norm)" });
  else
    findings.push({
      supports: adds === sites.length - 1,
      text: `${adds} of ${sites.length - 1} blocks end in an Add`,
    });
  return findings;
}

/** Value after a branch and `gap` regions of glue. */
function endAfter(regions: readonly ClassifiedRegion[], branch: Region, gap: number): Value {
  const at = regions.findIndex((region) => region === branch);
  return (regions[at + gap] ?? branch).to;
}

/**
 * Length, in glue regions, of the norm that follows every block: 0 unless *every* gap between two blocks normalises
 * (original transformers; a norm inside the branch needs no such rule). The gap after the last block is the final norm
 * in any model and tells nothing, so a single block counts as pre-norm.
 */
function postNormGap(
  regions: readonly ClassifiedRegion[],
  blockEnds: readonly ClassifiedRegion[],
): number {
  const gaps = blockEnds.slice(0, -1).map((end) => {
    const start = regions.indexOf(end) + 1;
    const length = regions.slice(start).findIndex(({ kind }) => kind !== "glue");
    return regions.slice(start, start + length);
  });
  const isNorm = (gap: readonly Region[]): boolean =>
    containsNorm(gap.flatMap(({ nodes }) => nodes));
  return gaps.length > 0 && gaps.every(isNorm) ? (gaps[0]?.length ?? 0) : 0;
}

function checkHasAttention(
  branches: readonly ClassifiedRegion[],
  regions: readonly ClassifiedRegion[],
): void {
  if (branches.some(({ kind }) => kind === "attention")) return;
  throw new LocateError("no residual stream was found: no attention between embedding and logits", {
    code: "NO_ATTENTION",
    expected:
      "regions that hold a fused attention operator or a MatMul of two values that both depend on the tokens",
    found: `${regions.length} regions between values that everything passes through: ${list(regions)}`,
    hint: "is this a decoder language model? `mas-audit inspect` prints what was seen",
  });
}

function checkAlternates(branches: readonly ClassifiedRegion[]): void {
  const wanted = (i: number): RegionKind => (i % 2 === 0 ? "attention" : "mlp");
  const broken = branches.findIndex(({ kind }, i) => kind !== wanted(i));
  const at = broken < 0 && branches.length % 2 === 1 ? branches.length : broken;
  if (at < 0) return;
  const region = branches[at];
  const blocks = Math.floor(at / 2);
  throw new LocateError(`the residual stream breaks off after ${blocks} blocks`, {
    code: "BLOCK_PATTERN",
    where:
      region === undefined
        ? "the last block"
        : `between "${region.from.name}" and "${region.to.name}", ${firstNode(region)}`,
    expected: `${wanted(at) === "mlp" ? "an mlp region (two or more MatMuls by weights)" : "an attention region"} as branch ${at + 1}; sequential blocks alternate attention, mlp; parallel blocks are all attention`,
    found: `${region === undefined ? "the logits" : `${region.kind === "mlp" ? "an mlp" : "an attention"} region`}; all branches: ${list(branches)}`,
    hint: "paths that skip whole blocks (shared keys, value residuals, hyper-connections) hide the stream",
  });
}

function firstNode(region: Region): string {
  const node = region.nodes.find(isMatMulLike) ?? region.nodes[0];
  return node === undefined ? "no node" : describeNode(node);
}

/** Kinds in order, runs counted: `attention, mlp, glue ×3`. */
function list(regions: readonly ClassifiedRegion[]): string {
  const runs: { kind: RegionKind; n: number }[] = [];
  for (const { kind } of regions) {
    const last = runs.at(-1);
    if (last?.kind === kind) last.n += 1;
    else runs.push({ kind, n: 1 });
  }
  const words = runs.map(({ kind, n }) => (n === 1 ? kind : `${kind} ×${n}`));
  return listText(words) || "none";
}
