/**
 * @file Products by packed weights are computed as they are differentiated: with floating-point data.
 *
 *   MatMulNBits{accuracy_level = 2, 3 or 4}  →  MatMulNBits{accuracy_level = 1}
 *
 * At level 4, which builders write for the CPU, the kernel rounds the *data* to 8 bits before each product: a function
 * that is constant almost everywhere and has no useful gradient. Levels 0 (unset) and 1 (float32) stay. All derived graphs
 * come from the canonical form, so the states that are captured are those of the function that is differentiated.
 *
 * Forms whose bytes cannot be read are refused here, by name: see {@link UNREADABLE_FORMS}.
 */
import { ModelFormatError, present } from "../../errors.js";
import { describeNode, type Model, type Node } from "../graph.js";
import { UNREADABLE_FORMS } from "../nbits.js";
import { nodesOf, type Pass } from "./pass.js";

const LEVEL = "accuracy_level";

/** Unset and float32. */
const EXACT_LEVELS: readonly number[] = [0, 1];

function products({ graph }: Model): Node[] {
  return nodesOf(graph, "MatMulNBits", "com.microsoft");
}

function isRounded(node: Node): boolean {
  return !EXACT_LEVELS.includes(node.int(LEVEL, 0));
}

function checkReadable(nodes: readonly Node[]): void {
  const found = UNREADABLE_FORMS.flatMap(({ what, is }) => {
    const [first, ...others] = nodes.filter(is);
    return first === undefined ? [] : [{ first, text: `${what} (${others.length + 1} nodes)` }];
  });
  if (found.length === 0) return;
  throw new ModelFormatError("quantised weights in a form that cannot be read", {
    code: "PACKED_WEIGHTS",
    where: describeNode(present(found[0], "refusal").first),
    expected:
      "MatMulNBits with plain packed bytes, 2, 4 or 8 bits, scales and optional zero points",
    found: found.map(({ text }) => text).join("; "),
    hint: "build the model again without prepacked weights and without g_idx, or use its float16 file",
  });
}

/** Lets MatMulNBits compute in floating point; refuses packed forms that cannot be read. */
export const exactNBits: Pass = {
  name: "exact-nbits",
  note: "products by packed weights run with float32 data here; the file asks to round the data first (accuracy_level), which has no gradient",
  requires: () => [],
  apply(model) {
    checkReadable(products(model));
    const rounded = products(model).filter(isRounded);
    for (const node of rounded) node.attributes.set(LEVEL, { kind: "int", value: 1n });
    return rounded.length;
  },
  ensures: (model) =>
    products(model)
      .filter(isRounded)
      .map((node) => `${describeNode(node)} rounds its data`),
};
