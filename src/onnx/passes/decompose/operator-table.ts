/**
 * @file What a decomposition knows of its operator: every attribute, input and output, each implemented or refused by
 * name. What stands in no table is refused as well: a newer runtime may have given it a meaning.
 */
import { UnsupportedOperatorError, present } from "../../../errors.js";
import { describeNode, type Attribute, type Node } from "../../graph.js";

/** How an attribute, input or output is treated. */
export interface Stance {
  /** Why it is refused; `undefined` when it is implemented. */
  readonly refused?: string;
  /** Values of a refused attribute that change nothing. */
  readonly harmless?: readonly (number | string)[];
}

/** Computed exactly. */
export const IMPLEMENTED: Stance = {};

/** Refused, with the reason; attributes only unless they have a harmless value. */
export function refused(reason: string, ...harmless: readonly (number | string)[]): Stance {
  return { refused: reason, harmless };
}

/** Reasons that several operators share. */
export const REASONS = {
  past: "keys and values of earlier tokens that are not an input of the model",
  sharedCache: "a cache shared between past and present",
  scores: "the scores themselves as an output",
} as const;

/** A named position of an operator. */
export interface Port extends Stance {
  readonly name: string;
}

/** An implemented input or output. */
export function port(name: string): Port {
  return { name };
}

/** An input or output that may not be there (or not be used). */
export function refusedPort(name: string, reason: string): Port {
  return { name, refused: reason };
}

/** An operator, as its decomposition knows it. */
export interface OperatorTable {
  readonly opType: string;
  readonly domain: string;
  readonly attributes: Readonly<Record<string, Stance>>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** Is this output of a node read by anybody? */
export function isUsed(node: Node, output: number): boolean {
  return node.outputs[output]?.isUsed === true;
}

/** What of the node is not covered, for a person; empty when all is. */
function problemsOf(node: Node, table: OperatorTable): string[] {
  const attributes = [...node.attributes].flatMap(([name, attribute]) => {
    const stance = table.attributes[name];
    if (stance === undefined) return [`attribute "${name}" is not known`];
    if (stance.refused === undefined) return [];
    const value = plain(attribute);
    return value !== undefined && stance.harmless?.includes(value) === true
      ? []
      : [`attribute "${name}" = ${value ?? attribute.kind}: ${stance.refused}`];
  });
  const inputs = node.inputs.flatMap((value, i) =>
    value === null ? [] : refusal(`input ${i}`, table.inputs[i]),
  );
  const outputs = node.outputs.flatMap((_, i) =>
    isUsed(node, i) ? refusal(`output ${i}`, table.outputs[i]) : [],
  );
  return [...attributes, ...inputs, ...outputs];
}

function refusal(position: string, stance: Port | undefined): string[] {
  if (stance === undefined) return [`${position} is not known`];
  return stance.refused === undefined ? [] : [`${position} (${stance.name}): ${stance.refused}`];
}

function plain(attribute: Attribute): number | string | undefined {
  if (attribute.kind === "int") return Number(attribute.value);
  if (attribute.kind === "float") return attribute.value;
  return attribute.kind === "string" ? new TextDecoder().decode(attribute.value) : undefined;
}

/**
 * Checks nodes of one operator against its table.
 *
 * @throws {@link UnsupportedOperatorError} listing everything that is not covered, with the first node of each.
 */
export function checkOperator(nodes: readonly Node[], table: OperatorTable): void {
  const found = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const problem of problemsOf(node, table))
      found.set(problem, [...(found.get(problem) ?? []), node]);
  }
  const [first] = found.values();
  if (first === undefined) return;
  const text = [...found].map(
    ([problem, at]) => `${problem} (${at.length === 1 ? "1 node" : `${at.length} nodes`})`,
  );
  throw unsupported(present(first[0], "node"), text.join("; "));
}

/** A node of a form that is not covered. */
export function unsupported(node: Node, found: string): UnsupportedOperatorError {
  return new UnsupportedOperatorError(`this form of ${node.op} cannot be differentiated`, {
    code: "FUSED_OPERATOR",
    where: describeNode(node),
    expected: "a form that is written out exactly in primitive operators",
    found,
    hint: "export the model with attention in primitive operators, or give the Hugging Face folder",
  });
}
