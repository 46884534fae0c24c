/** @file Maps other than rotations, or methods other than MAS: where they cannot be learned, and what a reader must know. */
import type { METHODS } from "../align/transfer/method.js";
import { PlanError } from "../errors.js";
import { chooseMaps, describeMaps } from "../measure/map-choice.js";
import { chooseTexts } from "../plan/choose-audits.js";
import { listNames } from "../plan/did-you-mean.js";
import { mapOptions, type AuditOptions } from "../plan/options.js";
import { chooseK } from "../plan/choose-k.js";
import type { Side } from "../plan/sides.js";
import type { TextAudit } from "../plan/text-audit.js";
import type { Warning } from "../report/schema.js";
import type { ReadyAudit } from "./prepare-audits.js";

/** @throws {@link PlanError} `BLOCKS_TOO_WIDE` where the variables of an audit together need more dimensions than a model has. */
export function checkBlocks(
  options: AuditOptions,
  {
    audits,
    width,
  }: {
    readonly audits: readonly ReadyAudit[];
    /** Of both models. */
    readonly width: Readonly<Record<Side, number>>;
  },
): void {
  if (options.joint === undefined) return;
  const most = Math.min(width.base, width.tuned);
  for (const { prepared, variables } of audits) {
    const sizes = variables.map((variable) =>
      chooseK(options.k, {
        classes: prepared.audit.variables[variable]?.length ?? prepared.classes.length,
        dModel: width,
      }),
    );
    const total = sizes.reduce((sum, k) => sum + k, 0);
    if (total <= most) continue;
    throw new PlanError("the blocks of an audit do not fit beside each other", {
      code: "BLOCKS_TOO_WIDE",
      where: `--joint, audit ${prepared.audit.id}`,
      expected: `at most ${most} dimensions, the width of the narrower model`,
      found: `${total} (${variables.map((name, i) => `${name} ${sizes[i] ?? ""}`).join(", ")})`,
      hint: "choose a smaller --k, or leave --joint out",
    });
  }
}

/** @throws {@link PlanError} `MAPS_OF_CONTEXTS` where an audit of texts is asked for beside such maps. */
export function checkMapOptions(options: AuditOptions, texts: readonly TextAudit[]): void {
  const whole = chooseTexts({ texts, audits: options.audits }).map(({ id }) => id);
  if (describeMaps(chooseMaps(options)) === undefined || whole.length === 0) return;
  const given = Object.entries(mapOptions(options)).map(([name, value]) =>
    value === true ? SWITCHES[name] : `--${name} ${value}`,
  );
  throw new PlanError("the whole next-token behaviour is aligned by rotations that MAS learns", {
    code: "MAPS_OF_CONTEXTS",
    where: given.join(" "),
    expected: "audits of named variables",
    found: `--audit ${listNames(whole)}`,
    hint: "leave these options out, or run these audits in a command of their own without them",
  });
}

/** Switches, by the names of their options. */
const SWITCHES: Readonly<Record<string, string>> = { learnSize: "--learn-size", joint: "--joint" };

/** What such maps say less of than rotations learned by MAS do. */
export function warnMapOptions(options: AuditOptions): readonly Warning[] {
  const { method, form, closed } = chooseMaps(options);
  const { map, joint, learnSize } = mapOptions(options);
  return [
    ...(method === "mas" ? [] : [{ code: "METHOD", message: `${method}: ${SAYS[method]}` }]),
    ...(map === undefined
      ? []
      : [
          {
            code: "FREE_MAPS",
            message: `maps are ${map} (${form.allows}): a variable that was changed so transfers here and fails under rotations; what fails here may be hard to learn, and is to be compared with rotations`,
          },
        ]),
    ...(closed === undefined
      ? []
      : [
          {
            code: "CLOSED_MODEL",
            message: `maps into the ${closed} model were learned from its natural states alone; what they are worth is told by its answers all the same`,
          },
        ]),
    ...(learnSize === undefined
      ? []
      : [
          {
            code: "LEARNED_SIZE",
            message: `how many of the k = ${options.k} dimensions are exchanged was learned; each cell says how many`,
          },
        ]),
    ...(joint === undefined
      ? []
      : [
          {
            code: "JOINT",
            message:
              "the variables of an audit were learned together, in blocks of their own; everything outside them is to be exchanged in vain, as far as every variable that decides the answer has a block",
          },
        ]),
  ];
}

/** What a verdict of each method rests on. */
const SAYS = {
  das: "each model is learned within itself and nothing is compared: no variable transfers or fails here",
  unimas: "only exchanges into the tuned model were learned, and only base→tuned is compared",
  stitching:
    "each cross direction was learned by itself, with the rest of the target dropped, and is held against the target's own DAS: it passes more easily than MAS",
  "latent-stitching":
    "each cross direction was fitted to the target's natural states, with the rest of the target dropped, and is held against the target's own DAS",
} as const satisfies Readonly<Record<Exclude<keyof typeof METHODS, "mas">, string>>;
