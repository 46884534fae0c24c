/**
 * @file What a rewriting pass is, and the runner that holds every pass to its promise.
 *
 * All passes of this folder edit the main graph in place; subgraphs of If, Loop and Scan stay as they are.
 */
import { invariant, MasAuditError, ModelFormatError } from "../../errors.js";
import type { Graph, Model, Node, Value } from "../graph.js";

/** A rewrite with what it needs and what it promises. Applying it twice changes nothing more. */
export interface Pass {
  readonly name: string;
  /** What a change means to a person; for passes that change what is computed, not only how it is written. */
  readonly note?: string;
  /** What the pass needs and does not find, for a person; empty when it can run. */
  requires(model: Model): readonly string[];
  /** Rewrites in place and returns how many changes it made. */
  apply(model: Model): number;
  /** What should be gone or present afterwards and is not; empty when the promise holds. */
  ensures(model: Model): readonly string[];
}

/** How many changes a pass made. */
export interface PassRecord {
  readonly pass: string;
  readonly changes: number;
  readonly note?: string;
}

/**
 * Runs passes in order.
 *
 * @throws {@link ModelFormatError} when the model lacks what a pass needs, naming the pass.
 * @throws {@link InvariantError} when a pass breaks its promise.
 */
export function applyPasses(model: Model, passes: readonly Pass[]): PassRecord[] {
  const done: PassRecord[] = [];
  for (const pass of passes) {
    const missing = pass.requires(model);
    if (missing.length > 0) throw refuse(pass, missing.join("; "), done);
    const changes = run(pass, model, done);
    const broken = pass.ensures(model);
    invariant(
      broken.length === 0,
      `pass "${pass.name}" promised more than it did: ${broken.slice(0, 3).join("; ")}`,
    );
    const { name, note } = pass;
    done.push({ pass: name, changes, ...(note === undefined ? {} : { note }) });
  }
  return done;
}

function run(pass: Pass, model: Model, done: readonly PassRecord[]): number {
  try {
    return pass.apply(model);
  } catch (cause) {
    // our own errors name the node already; a bare error would not name the pass
    if (cause instanceof MasAuditError) throw cause;
    throw refuse(pass, String(cause), done, cause);
  }
}

function refuse(
  pass: Pass,
  found: string,
  done: readonly PassRecord[],
  cause?: unknown,
): ModelFormatError {
  const before = done.map((record) => record.pass).join(", ");
  return new ModelFormatError(`the graph cannot be brought into canonical form`, {
    code: "PASS",
    where: `pass "${pass.name}"${before === "" ? "" : ` (after ${before})`}`,
    found,
    hint: "export the model with another exporter, or report what `mas-audit inspect` prints of this file",
    cause,
  });
}

/**
 * Puts `replacements[i]` in the place of output i of `node`, with its name and type, and removes the node.
 * `null` stands for an output that nobody may use.
 *
 * A replacement that is itself an input, a constant or an output of the graph keeps its name.
 */
export function supersede(node: Node, replacements: readonly (Value | null)[]): void {
  const { graph } = node;
  const renames: { value: Value; name: string }[] = [];
  node.outputs.forEach((old, i) => {
    const value = replacements[i] ?? null;
    if (value === null) return;
    value.type ??= old.type;
    graph.replaceAllUses(old, value, { outputs: "replace" });
    if (value.producer !== undefined && old.name !== "") renames.push({ value, name: old.name });
  });
  graph.removeNode(node);
  for (const { value, name } of renames) graph.rename(value, name);
}

/** Nodes of the main graph with this operator and domain. */
export function nodesOf(graph: Graph, opType: string, domain = ""): Node[] {
  return graph.nodes.filter((node) => node.opType === opType && node.domain === domain);
}
