/**
 * @file Does the model look only backwards? Structure cannot tell: an encoder has the same chain of residual sums.
 */
import { LocateError, present } from "../errors.js";
import type { RuntimeTensor } from "../runtime/tensor.js";
import { checkFinite, float32Data } from "../runtime/tensor.js";
import type { Session } from "../runtime/session.js";
import { feedBatch } from "./feed-batch.js";
import type { LocatedModel } from "./located.js";

/** Tokens of the probe. */
const LENGTH = 8;

/**
 * Largest share of the logits' range by which a causal model's earlier logits may move. The two rows run in one batch
 * through the same kernels, so they agree to the last bit or nearly so; a bidirectional model moves by whole units.
 */
export const CAUSALITY_BOUND = 1e-3;

/**
 * Runs two rows of full length that differ in the last token only and returns by how much the logits of earlier positions
 * differ, as a share of the largest logit. `whole` is a session of `buildWhole`.
 *
 * @throws {@link NumericsError} when a logit is not finite.
 */
export async function probeCausality(
  { feeds, vocab }: LocatedModel,
  whole: Session,
): Promise<number> {
  const row = Array.from({ length: LENGTH }, (_, i) => (i * 7 + 3) % vocab);
  const other = row.map((id, i) => (i === LENGTH - 1 ? (id + 1) % vocab : id));
  const results: Record<string, RuntimeTensor> = await whole.run(feedBatch(feeds, [row, other]));
  const logits = float32Data(results, "logits");
  checkFinite(logits, "logits");
  const half = logits.length / 2;
  const earlier = (LENGTH - 1) * vocab;
  let largest = 0;
  let moved = 0;
  for (let i = 0; i < earlier; i++) {
    const a = present(logits[i], "logit");
    largest = Math.max(largest, Math.abs(a));
    moved = Math.max(moved, Math.abs(a - present(logits[half + i], "logit")));
  }
  return moved === 0 ? 0 : moved / largest;
}

/**
 * Refuses a model whose earlier logits depend on later tokens.
 *
 * @throws {@link LocateError} when the probe moves by more than {@link CAUSALITY_BOUND}; {@link NumericsError} as
 * {@link probeCausality}.
 */
export async function checkCausality(located: LocatedModel, whole: Session): Promise<number> {
  const moved = await probeCausality(located, whole);
  if (moved <= CAUSALITY_BOUND) return moved;
  throw new LocateError("the model looks ahead", {
    code: "NOT_CAUSAL",
    where: located.path,
    expected: "logits that depend on earlier tokens only (a causal decoder)",
    found: `another last token moves earlier logits by ${moved.toPrecision(2)} of their range`,
    hint: "bidirectional encoders cannot be audited by what they answer next",
  });
}
