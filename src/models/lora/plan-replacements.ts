/**
 * @file Parameters that an adapter brings whole: modules_to_save, biases, and embeddings that were saved beside their adapter.
 *
 * A module saved whole is its own copy: where embedding and head share one matrix, only the named one changes. A parameter
 * of the base itself (`base_layer`) changes for all its users.
 */
import type { Graph, Node, Value } from "../../onnx/graph.js";
import type { Use } from "../../onnx/node.js";
import type { Tensor } from "../../onnx/tensor.js";
import type { AdapterConfig } from "./adapter-config.js";
import type { AdapterTensor, AdapterTensors } from "./adapter-tensors.js";
import { storedWeight, type Modules } from "./modules.js";

/** The uses that read another tensor from now on. */
export interface Replacement {
  readonly key: string;
  readonly uses: readonly Use[];
  readonly tensor: Tensor;
  /** The graph stores the matrix the other way round. */
  readonly isTransposed: boolean;
}

/** What replacements are planned from. */
export interface ReplacementParts {
  readonly graph: Graph;
  readonly config: AdapterConfig;
  readonly adapter: AdapterTensors;
  readonly modules: Modules;
}

/** Plans them; what is wrong is added to `problems`. */
export function planReplacements(parts: ReplacementParts, problems: string[]): Replacement[] {
  const { adapter, config } = parts;
  const whole = adapter.tensors.filter(
    ({ part }) => part === "parameter" || part === "baseParameter",
  );
  const brought = new Set(whole.map(({ module, parameter }) => `${module}.${parameter}`));
  for (const name of missingParameters(parts, brought))
    problems.push(`"${name}" belongs to a module of modules_to_save and has no tensor`);
  for (const ending of config.saved) {
    const isThere = whole.some(({ module }) => isSavedUnder(module, ending));
    if (!isThere) problems.push(`no tensor belongs to "${ending}" of modules_to_save`);
  }
  const claimed = new Map<Node, Map<number, string>>();
  return whole.flatMap((each) => {
    const found = replacementOf(each, parts);
    if (typeof found === "string") {
      problems.push(found);
      return [];
    }
    for (const { node, index } of found.uses) {
      const keys = claimed.get(node) ?? new Map<number, string>();
      const other = keys.get(index);
      if (other !== undefined)
        problems.push(`"${other}" and "${each.key}" replace the same weight`);
      claimed.set(node, keys.set(index, each.key));
    }
    return [found];
  });
}

/** As PEFT matches modules_to_save: by the end of a path, which need not be at a dot; their submodules included. */
function isSavedUnder(module: string, ending: string): boolean {
  const parts = module.split(".");
  return parts.some((_, i) =>
    parts
      .slice(0, i + 1)
      .join(".")
      .endsWith(ending),
  );
}

/** Parameters of saved modules that the base has and the adapter has not. */
function missingParameters(
  { graph, config, modules }: ReplacementParts,
  brought: ReadonlySet<string>,
): string[] {
  const names = new Set([
    ...graph.initializers.map(({ name }) => name),
    ...[...modules.byPath.keys()].map((path) => `${path}.weight`),
  ]);
  return [...names].filter((name) => {
    const dot = name.lastIndexOf(".");
    const module = name.slice(0, Math.max(dot, 0));
    return dot > 0 && config.saved.some((e) => isSavedUnder(module, e)) && !brought.has(name);
  });
}

function replacementOf(tensor: AdapterTensor, parts: ReplacementParts): Replacement | string {
  const { module, part, parameter, key } = tensor;
  const { graph, config, modules } = parts;
  const isSaved = config.saved.some((ending) => isSavedUnder(module, ending));
  const isBias = parameter === "bias" && config.bias !== "none";
  const isEmbedding = part === "baseParameter" && parameter === "weight";
  if (!isSaved && !isBias && !isEmbedding)
    return `"${key}" is neither in modules_to_save nor a bias that was trained (bias: "${config.bias}")`;
  const name = `${module}.${parameter}`;
  const owner = parameter === "weight" ? modules.byPath.get(module) : undefined;
  const stored = graph.initializers.find((value) => value.name === name);
  if (isSaved && owner !== undefined) {
    const uses = [{ node: owner.node, index: owner.weightIndex }];
    const before = storedWeight(owner.node.input(owner.weightIndex));
    return before === undefined
      ? `"${key}" replaces a quantised weight`
      : fitted(tensor, before, { uses, isNamed: before.name === name });
  }
  const value = stored ?? (owner && storedWeight(owner.node.input(owner.weightIndex)));
  if (value === undefined) return `"${key}": the base has no parameter "${name}"`;
  return fitted(tensor, value, { uses: finalUses(value), isNamed: value.name === name });
}

/** The uses behind the Casts and Transposes of a stored weight. */
function finalUses(value: Value): Use[] {
  return value.uses.flatMap((use) =>
    use.node.opType === "Cast" || use.node.opType === "Transpose"
      ? finalUses(use.node.output())
      : [use],
  );
}

function fitted(
  { key, tensor }: AdapterTensor,
  before: Value,
  { uses, isNamed }: { readonly uses: readonly Use[]; readonly isNamed: boolean },
): Replacement | string {
  const [stored, brought] = [before.initializer?.dims ?? [], tensor.dims];
  const fits = stored.join() === brought.join();
  const fitsTurned = stored.length === 2 && stored.join() === [...brought].reverse().join();
  // a square matrix under another name may be stored either way round, and nothing tells which
  if (fits && fitsTurned && !isNamed)
    return `"${key}" is square, and the base does not tell which way round it stores it`;
  if (fits || (fitsTurned && !isNamed)) return { key, uses, tensor, isTransposed: !fits };
  return `"${key}" is [${brought.join(", ")}], the base has [${stored.join(", ")}]`;
}
