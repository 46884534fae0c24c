/**
 * @file Reverse mode on ONNX graphs: appends the nodes of the gradient to the graph it is taken of. Rules only emit
 * nodes; nothing is run here.
 */
import { invariant, present, UnsupportedOperatorError } from "../errors.js";
import { describeNode, type Model, type Node, type Value } from "../onnx/graph.js";
import { findActive, type Activity } from "./active.js";
import { Emitter } from "./emitter.js";
import type { Gradient, Role, Rule, RuleCase } from "./rule.js";
import { RULES } from "./rules.js";

/** A value whose elements are summed into what is differentiated. */
export interface Loss {
  /** Float value of any shape; the gradient is that of the sum of its elements, weighted by `cotangent`. */
  readonly loss: Value;
  /** Same shape and element type as `loss`. @defaultValue ones */
  readonly cotangent?: Value;
}

/** What to differentiate with respect to what. */
export interface Differentiation extends Loss {
  readonly wrt: Value;
}

/**
 * Appends the backward pass and returns d(Σ cotangent · loss)/d wrt, in the shape of `wrt`. Only values that depend on
 * `wrt` and reach `loss` get gradients: weights never do.
 *
 * @throws {@link UnsupportedOperatorError} listing all operators between `wrt` and `loss` that have no rule.
 */
export function differentiate(model: Model, { wrt, ...loss }: Differentiation): Value {
  return present(differentiateAll(model, { losses: [loss], wrt: [wrt] })[0], "gradient");
}

/**
 * As {@link differentiate}, for several values in one backward pass: d(Σ over losses of Σ cotangent · loss)/d wrt for each
 * of `wrt`, in its shape.
 *
 * @throws {@link UnsupportedOperatorError} listing all operators between them that have no rule.
 */
export function differentiateAll(
  model: Model,
  { losses, wrt }: { readonly losses: readonly Loss[]; readonly wrt: readonly Value[] },
): Value[] {
  const b = new Emitter(model, "gradient");
  const activity = findActive(model.graph, {
    ...{ losses: losses.map(({ loss }) => loss), wrt, types: b.types },
  });
  for (const each of wrt) {
    const isActive = activity.values.has(each);
    invariant(isActive, `${listed(losses)} does not depend on "${each.name}"`);
  }
  checkSupported(b, activity);
  const cotangents = new Cotangents(b);
  for (const { loss, cotangent } of losses) {
    if (!activity.values.has(loss)) continue;
    cotangents.add(loss, cotangent ?? b.expandLike(b.scalar(1, loss), loss));
  }
  for (const node of activity.nodes.toReversed()) propagate(b, { node, activity, cotangents });
  return wrt.map((each) => present(cotangents.of(each), `gradient of "${each.name}"`));
}

function listed(losses: readonly Loss[]): string {
  return losses.map(({ loss }) => `"${loss.name}"`).join(", ");
}

/** Contributions to the gradient of each value, in the order in which consumers are met. */
class Cotangents {
  readonly #contributions = new Map<Value, Value>();

  constructor(readonly b: Emitter) {}

  add(value: Value, contribution: Value): void {
    // a gradient has the shape of its value, which is often known better than that of the nodes that make it
    this.b.types.refine(contribution, this.b.types.shape(value));
    const sum = this.#contributions.get(value);
    this.#contributions.set(
      value,
      sum === undefined ? contribution : this.b.add(sum, contribution),
    );
  }

  of(value: Value): Value | undefined {
    return this.#contributions.get(value);
  }
}

interface Step {
  readonly node: Node;
  readonly activity: Activity;
  readonly cotangents: Cotangents;
}

function propagate(b: Emitter, { node, activity, cotangents }: Step): void {
  const rule = present(RULES.get(node.op), `rule for ${node.op}`);
  const dys = node.outputs.map((value) => cotangents.of(value));
  if (dys.every((dy) => dy === undefined)) return;
  const entries = rule.vjp(caseOf(b, { node, rule, dys }));
  invariant(
    entries.length === node.inputs.length,
    `rule for ${node.op} returned ${entries.length} entries for ${node.inputs.length} inputs`,
  );
  node.inputs.forEach((input, i) => {
    if (input === null || !activity.values.has(input)) return;
    const dx = emit(present(entries[i], "entry"), { node, input: i });
    if (dx !== undefined) cotangents.add(input, dx);
  });
}

function emit(
  entry: Gradient,
  { node, input }: { readonly node: Node; readonly input: number },
): Value | undefined {
  if (typeof entry === "function") return entry();
  if (entry.kind === "none") return undefined;
  throw new UnsupportedOperatorError(`no gradient for input ${input} of ${node.op}`, {
    code: "NO_GRADIENT",
    where: describeNode(node),
    expected: `an input ${input} that does not depend on the patched state`,
    found: entry.reason,
  });
}

function caseOf(
  b: Emitter,
  { node, rule, dys }: { node: Node; rule: Rule; dys: readonly (Value | undefined)[] },
): RuleCase {
  const checkSaved = (role: Role, all: Role): void => {
    invariant(
      rule.saves.includes(role) || rule.saves.includes(all),
      `rule for ${rule.op} reads ${role} but does not save it`,
    );
  };
  const optional = (i: number): Value | undefined => {
    checkSaved(`x${i}`, "x*");
    return node.inputs[i] ?? undefined;
  };
  return {
    b,
    get dy() {
      return present(dys[0], `gradient of output 0 of ${describeNode(node)}`);
    },
    dyAt: (i) => dys[i],
    optional,
    x: (i) => present(optional(i), `input ${i} of ${describeNode(node)}`),
    y: (i) => {
      checkSaved(`y${i}`, "y*");
      return node.output(i);
    },
    nInputs: node.inputs.length,
    nOutputs: node.outputs.length,
    attributes: {
      int: (name, otherwise) => node.int(name, otherwise),
      float: (name, otherwise) => node.float(name, otherwise),
      ints: (name, otherwise) => node.ints(name, otherwise),
      string: (name, otherwise) => node.string(name, otherwise),
      has: (name) => node.attributes.has(name),
    },
  };
}

interface Offence {
  readonly first: Node;
  readonly reason: string;
  count: number;
}

function checkSupported(b: Emitter, { nodes }: Activity): void {
  const offences = new Map<string, Offence>();
  for (const node of nodes) {
    const reason = refusal(b, node);
    if (reason === undefined) continue;
    const key = `${node.op}\0${reason}`;
    const known = offences.get(key);
    if (known === undefined) offences.set(key, { first: node, reason, count: 1 });
    else known.count += 1;
  }
  if (offences.size === 0) return;
  const all = [...offences.values()];
  const list = all.map(
    ({ first, reason, count }) =>
      `${first.op} ×${count} (${reason}; first: ${describeNode(first)})`,
  );
  throw new UnsupportedOperatorError(
    `${all.length === 1 ? "one operator" : `${all.length} operators`} on the gradient's path cannot be differentiated`,
    {
      code: "UNSUPPORTED_OPERATORS",
      where: describeNode(present(all[0], "offence").first),
      expected: "operators with a rule in src/autodiff/rules",
      found: list.join(", "),
      hint: "export the model in float32 without fused or quantised operators, or add a rule",
    },
  );
}

function refusal(b: Emitter, node: Node): string | undefined {
  const rule = RULES.get(node.op);
  if (rule === undefined) return "no rule";
  return rule.refuses?.({ node, opset: b.opset, types: b.types });
}
