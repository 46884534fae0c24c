/**
 * @file Adapter and graph brought together: which product goes beside which module, and which parameters are replaced.
 * Every tensor is used exactly once and every targeted module gets its own, or all that is wrong is said at once.
 */
import { ModelFormatError } from "../../errors.js";
import type { Graph } from "../../onnx/graph.js";
import type { Tensor } from "../../onnx/tensor.js";
import type { AdapterConfig } from "./adapter-config.js";
import type { AdapterTensor, AdapterTensors, Part } from "./adapter-tensors.js";
import { planReplacements, type Replacement } from "./plan-replacements.js";
import { findModules, type Module, type Modules } from "./modules.js";
import { scalings, targetedModules, type Scaling } from "./target-matching.js";

/** One low-rank product: Δy = s · B A x, or s · B A[ids] for an embedding. */
export interface Product {
  readonly module: Module;
  readonly scale: number;
  /** `[rank, in]`; embedding `[rank, rows]` */
  readonly a: Tensor;
  /** `[out, rank]` */
  readonly b: Tensor;
  /** `[out]`, scaled as well. */
  readonly bias: Tensor | undefined;
}

/** What an adapter does to a graph. */
export interface LoraPlan {
  readonly products: readonly Product[];
  readonly replacements: readonly Replacement[];
}

/** What is brought together. */
export interface LoraParts {
  readonly graph: Graph;
  readonly config: AdapterConfig;
  readonly adapter: AdapterTensors;
}

/**
 * Plans the edits.
 *
 * @throws {@link ModelFormatError} `ADAPTER_MISMATCH` that lists every tensor without a place, every targeted module without
 * tensors, and every shape that does not fit.
 */
export function planLora({ graph, config, adapter }: LoraParts): LoraPlan {
  const modules = findModules(graph);
  const problems: string[] = [];
  const products = planProducts({ graph, config, adapter, modules }, problems);
  const replacements = planReplacements({ graph, config, adapter, modules }, problems);
  if (products.length + replacements.length === 0 && problems.length === 0)
    problems.push("the adapter changes nothing: it holds no tensor");
  if (problems.length > 0) throw mismatch(config, problems, modules);
  return { products, replacements };
}

type Low = Partial<Record<Part, AdapterTensor>>;

function planProducts(
  { graph, config, adapter, modules }: LoraParts & { readonly modules: Modules },
  problems: string[],
): Product[] {
  const byModule = new Map<string, Low>();
  for (const tensor of adapter.tensors) {
    if (tensor.part === "parameter" || tensor.part === "baseParameter") continue;
    byModule.set(tensor.module, { ...byModule.get(tensor.module), [tensor.part]: tensor });
  }
  const head = headOf(graph, modules);
  const candidates = [...modules.byPath.values()].map(({ path, kind }) => {
    return { path, isHead: path === head, isLinear: kind === "linear" };
  });
  const targeted = targetedModules(config, candidates);
  for (const path of targeted)
    if (!byModule.has(path)) problems.push(`the targeted module "${path}" has no tensors`);
  const factors = scalings(config, [...byModule.keys()]);
  return [...byModule].flatMap(([path, low]) => {
    const module = modules.byPath.get(path);
    const scaling = factors.get(path);
    if (module === undefined || scaling === undefined) {
      const why = modules.ambiguous.has(path) ? "several nodes" : "no node";
      problems.push(`"${path}": ${why} of the base can be this module`);
      return [];
    }
    if (!targeted.has(path))
      problems.push(`"${path}" has tensors, but target_modules leaves it out`);
    return productOf({ module, low, scaling, hasBias: config.loraBias }, problems);
  });
}

interface ProductParts {
  readonly module: Module;
  readonly low: Low;
  readonly scaling: Scaling;
  readonly hasBias: boolean;
}

function productOf({ module, low, scaling, hasBias }: ProductParts, problems: string[]): Product[] {
  const { path, kind, dims } = module;
  const isEmbedding = kind === "embedding";
  const [a, b] = isEmbedding ? [low.embeddingA, low.embeddingB] : [low.A, low.B];
  const expected = isEmbedding ? ["lora_embedding_A", "lora_embedding_B"] : ["lora_A", "lora_B"];
  const given = Object.keys(low).length;
  if (a === undefined || b === undefined || given !== (hasBias ? 3 : 2)) {
    const wanted = [...expected, ...(hasBias ? ["lora_B.bias"] : [])].join(", ");
    const keys = Object.values(low).map(({ key }) => `"${key}"`);
    problems.push(`"${path}" (${kind}) needs ${wanted} and nothing else, found ${keys.join(", ")}`);
    return [];
  }
  const { rank, scale } = scaling;
  const [inner, outer] = dims ?? [a.tensor.dims[1] ?? 0, b.tensor.dims[0] ?? 0];
  checkDims(a, [rank, inner], problems);
  checkDims(b, [outer, rank], problems);
  if (low.biasB !== undefined) checkDims(low.biasB, [outer], problems);
  return [{ module, scale, a: a.tensor, b: b.tensor, bias: low.biasB?.tensor }];
}

function checkDims({ key, tensor }: AdapterTensor, wanted: readonly number[], to: string[]): void {
  if (tensor.dims.join() === wanted.join()) return;
  to.push(`"${key}" is [${tensor.dims.join(", ")}], expected [${wanted.join(", ")}]`);
}

/** Path of the layer that makes the logits: the first product on the way back from the output. */
function headOf(graph: Graph, { byPath }: Modules): string | undefined {
  const paths = new Map([...byPath.values()].map(({ node, path }) => [node, path]));
  let node = graph.outputs.find(({ type }) => type?.dtype.includes("float") === true)?.producer;
  while (node !== undefined && !paths.has(node))
    node = node.inputs.find((input) => input?.producer !== undefined)?.producer;
  return node && paths.get(node);
}

/** Longest list of mistakes that is shown. */
const SHOWN = 8;

function mismatch(
  { path }: AdapterConfig,
  problems: readonly string[],
  { byPath }: Modules,
): ModelFormatError {
  const more = problems.length > SHOWN ? `; and ${problems.length - SHOWN} more` : "";
  return new ModelFormatError("the adapter does not fit the base model", {
    code: "ADAPTER_MISMATCH",
    where: path,
    expected: `every tensor used once, every targeted module adapted (${byPath.size} modules of the base are known by name)`,
    found: `${problems.slice(0, SHOWN).join("; ")}${more}`,
    hint: "give the base that the adapter was trained on as its Hugging Face folder (config.json and safetensors): exported files may have lost the names of modules",
  });
}
