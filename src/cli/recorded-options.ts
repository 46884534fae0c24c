/** @file The options of a stored run, from its manifest, with other places where its files lie now. */
import { resolve } from "node:path";
import { PlanError } from "../errors.js";
import { mapOptions } from "../plan/options.js";
import type { Result } from "../report/schema.js";
import type { ReproduceOptions } from "./commands.js";

/**
 * The options as they were, unchecked: whoever freezes them checks them.
 *
 * @throws {@link PlanError} `PATHS_NOT_RECORDED` where the result does not say which models were named.
 */
export function recordedOptions(
  { manifest }: Result,
  given: ReproduceOptions,
  where: string,
): Readonly<Record<string, unknown>> {
  const { options, timing, seed, k } = manifest;
  const { request } = timing;
  const base = given.base ?? request?.base;
  const tuned = given.tunedAdapter === null ? (given.tuned ?? request?.tuned) : null;
  const adapter =
    given.tunedAdapter ?? (given.tuned === null ? (request?.tunedAdapter ?? null) : null);
  if (base === undefined || (tuned ?? adapter) === null || tuned === undefined) {
    throw new PlanError("the result does not say where its models lay", {
      code: "PATHS_NOT_RECORDED",
      where,
      expected: "manifest.timing.request, as mas-audit writes it now",
      found: "a result of an earlier version",
      hint: "name them: --base PATH --tuned PATH, or --tuned-adapter DIR; and --audit for each audit",
    });
  }
  const { items, pairs, steps, controls, seeds, batch, threads, device } = options;
  const { layers, variables, referencePath, learner } = options;
  return {
    ...{ items, pairs, steps, controls, seeds, batch, threads, device, layers, variables },
    ...{ referencePath, seed, k, base, tuned },
    ...(learner === undefined ? {} : { learner }),
    ...mapOptions(options),
    ...(adapter === null ? {} : { tunedAdapter: adapter }),
    tokenizer: given.tokenizer ?? request?.tokenizer ?? null,
    audits: given.audits.length > 0 ? given.audits : auditsOf(manifest, request?.audits),
    ...{ strictDevice: false, force: given.force, json: given.json, quiet: given.quiet },
    ...(given.jsonProgress === true ? { jsonProgress: true } : {}),
    ...{ verbose: given.verbose, exitZero: false, out: given.out ?? resolve(".") },
  };
}

/** An earlier result names its audits by id alone: enough for the built-in ones. */
function auditsOf({ audits }: Result["manifest"], named: readonly string[] | undefined): string[] {
  return named === undefined ? audits.map(({ id }) => id) : [...named];
}
