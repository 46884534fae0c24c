/** @file The learner of `--learner`: what it computes with is loaded only where it is asked for. */
import { tfjsLearner } from "../align/tfjs/learner.js";
import type { Learner } from "../align/learner.js";
import { PlanError } from "../errors.js";
import { chooseTexts } from "../plan/choose-audits.js";
import { listNames } from "../plan/did-you-mean.js";
import type { AuditOptions } from "../plan/options.js";
import type { TextAudit } from "../plan/text-audit.js";
import { describeTensorFlow, loadTensorFlow } from "../runtime/tensorflow.js";

/** What learns; empty for the built-in learner. */
export interface ChosenLearner {
  readonly learner?: Learner;
  /** One line, with what was passed over. */
  readonly description?: string;
  /** Version and package, as results and addresses of cells record them. */
  readonly tensorflow?: string;
}

/**
 * The learner that was asked for.
 *
 * @throws {@link PlanError} `LEARNER_HAS_NO_FORM` where an audit of texts is asked for beside it; {@link HostError}
 * `NO_TENSORFLOW` where its packages are missing.
 */
export async function chooseLearner(
  { learner, audits }: Pick<AuditOptions, "learner" | "audits">,
  texts: readonly TextAudit[],
): Promise<ChosenLearner> {
  if (learner === undefined) return {};
  const whole = chooseTexts({ texts, audits }).map(({ id }) => id);
  if (whole.length > 0) throw noForm(whole);
  const chosen = await loadTensorFlow();
  return {
    learner: tfjsLearner(chosen.tf),
    description: describeTensorFlow(chosen),
    tensorflow: `${chosen.version} (${chosen.name})`,
  };
}

function noForm(ids: readonly string[]): PlanError {
  return new PlanError("the learner tfjs cannot learn on the whole next-token behaviour", {
    code: "LEARNER_HAS_NO_FORM",
    where: "--learner tfjs",
    expected: "audits of named variables",
    found: `--audit ${listNames(ids)}`,
    hint: "leave --learner out, or run these audits in a command of their own without it",
  });
}
