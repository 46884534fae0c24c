/**
 * @file One export against its PyTorch reference: residuals, logits, patched logits, gradients.
 *
 * A deviation is max |ours − reference| over real positions / max |reference| of the same tensor (per layer), so that
 * one number means the same for states of any size.
 */
import { checkCausality } from "../../src/models/causality.js";
import { buildWhole } from "../../src/models/capture-graph.js";
import { feedBatch } from "../../src/models/feed-batch.js";
import type { LocatedModel } from "../../src/models/located.js";
import { openSuffix, type ProbeRow, type SuffixProbe } from "../../src/models/suffix-probe.js";
import { logSoftmax, runWhole, type WholeRow } from "../../src/models/whole-run.js";
import { createSession } from "../../src/runtime/session.js";
import { float32Data, int64, tensor } from "../../src/runtime/tensor.js";
import { buildPatched } from "./patched-model.js";
import type { Reference, ReferencePatch } from "./reference.js";

/** Deviations of one export; shares of the largest magnitude of the tensor. */
export interface Deviations {
  readonly residuals: number;
  readonly logits: number;
  /** Worse of the patched whole model and of the suffix. */
  readonly patched: number;
  readonly early: number;
  /** Worst layer; the gradients of both patches included. */
  readonly gradients: number;
}

const OPTIONS = { threads: 2 } as const;

/** Compares one located model with its reference. */
export async function compareWithReference(
  located: LocatedModel,
  reference: Reference,
): Promise<Deviations> {
  const natural = await runNaturally(located, reference);
  const residuals = reference.residuals.map((rows, l) =>
    relative(
      natural.map((row) => row.residuals[l]!),
      rows,
    ),
  );
  const logits = relative(
    natural.map((row) => row.logits),
    reference.logits,
  );
  const last = await checkPatch(located, natural, { reference, patch: reference.last });
  const early = await checkPatch(located, natural, { reference, patch: reference.early });
  const gradients: number[] = [last.gradients, early.gradients];
  for (const [layer, expected] of reference.gradients.entries()) {
    const probe = await openSuffix(located, layer, OPTIONS);
    const found = await gradientsAt(probe, located, { layer, natural, reference });
    await probe.release();
    gradients.push(relative(found, expected));
  }
  return {
    residuals: Math.max(...residuals),
    logits,
    patched: last.logits,
    early: early.logits,
    gradients: Math.max(...gradients),
  };
}

/**
 * A model that takes embeddings, with those of the reference's tokens: the states that enter its first block. Tokens
 * that the reference does not use get any vector.
 */
export function withEmbeddings(
  located: LocatedModel,
  { rows, residuals }: Reference,
): LocatedModel {
  const { embeddings } = located.feeds;
  if (embeddings === undefined) return located;
  const { dModel } = located;
  const known = new Map<number, Float32Array>();
  rows.forEach((ids, r) => {
    ids.forEach((id, i) => {
      known.set(id, residuals[0]![r]!.slice(i * dModel, (i + 1) * dModel));
    });
  });
  const table = (id: number): Float32Array =>
    known.get(id) ?? Float32Array.from({ length: dModel }, (_, i) => Math.sin(id * 7 + i));
  return { ...located, feeds: { ...located.feeds, embeddings: { ...embeddings, table } } };
}

async function runNaturally(located: LocatedModel, { rows }: Reference): Promise<WholeRow[]> {
  const whole = await createSession(buildWhole(located), OPTIONS);
  try {
    await checkCausality(located, whole);
    return await runWhole(whole, located, rows);
  } finally {
    await whole.release();
  }
}

interface PatchCheck {
  readonly reference: Reference;
  readonly patch: ReferencePatch;
}

async function checkPatch(
  located: LocatedModel,
  natural: readonly WholeRow[],
  { reference, patch }: PatchCheck,
): Promise<{ logits: number; gradients: number }> {
  const whole = relative(await patchedLogits(located, { reference, patch }), patch.logits);
  const { vocab, dModel } = located;
  const probe = await openSuffix(located, patch.layer, OPTIONS);
  const rows = natural.map((row, r): ProbeRow => ({
    ids: row.ids,
    residual: row.residuals[patch.layer]!,
    patchPosition: patch.positions[r]!,
    patched: patch.states[r]!,
    labelPosition: row.ids.length - 1,
    label: reference.labels[r]!,
  }));
  const everything = Array.from({ length: vocab }, (_, id) => id);
  const { logProb, gradient } = await probe.run(rows, everything);
  await probe.release();
  const expected = patch.logits.map((logits) => logSoftmax(logits.slice(-vocab), everything));
  const suffix = relative(
    expected.map((_, r) => logProb.slice(r * vocab, (r + 1) * vocab)),
    expected,
  );
  const found = patch.gradients.map((_, r) =>
    scaled(gradient.slice(r * dModel, (r + 1) * dModel), reference),
  );
  return { logits: Math.max(whole, suffix), gradients: relative(found, patch.gradients) };
}

async function patchedLogits(
  located: LocatedModel,
  { reference, patch }: PatchCheck,
): Promise<Float32Array[]> {
  const session = await createSession(buildPatched(located, patch.layer), OPTIONS);
  const { rows } = reference;
  const outputs = await session.run({
    ...feedBatch(located.feeds, rows),
    patch_index: int64(
      [rows.length, 1, 2],
      patch.positions.flatMap((position, r) => [r, position]),
    ),
    patch_state: tensor(
      "float32",
      [rows.length, 1, located.dModel],
      Float32Array.from(patch.states.flatMap((state) => [...state])),
    ),
  });
  await session.release();
  const logits = float32Data(outputs, "logits");
  const width = logits.length / rows.length;
  return rows.map((ids, r) => logits.slice(r * width, r * width + ids.length * located.vocab));
}

/** Gradient at every real position of one layer, one probe row per (row, position); the state put there is the natural one. */
async function gradientsAt(
  probe: SuffixProbe,
  { dModel, vocab }: LocatedModel,
  at: {
    readonly layer: number;
    readonly natural: readonly WholeRow[];
    readonly reference: Reference;
  },
): Promise<Float32Array[]> {
  const everything = Array.from({ length: vocab }, (_, id) => id);
  const found: Float32Array[] = [];
  for (const [r, { ids, residuals }] of at.natural.entries()) {
    const residual = residuals[at.layer]!;
    const rows = ids.map((_, position): ProbeRow => ({
      ids,
      residual,
      patchPosition: position,
      patched: residual.slice(position * dModel, (position + 1) * dModel),
      labelPosition: ids.length - 1,
      label: at.reference.labels[r]!,
    }));
    const { gradient } = await probe.run(rows, everything);
    found.push(scaled(gradient, at.reference));
  }
  return found;
}

/** The reference's loss is a mean over rows; a suffix gives each row's own. */
function scaled(gradient: Float32Array, { rows }: Reference): Float32Array {
  return gradient.map((x) => x / rows.length);
}

/** max |a − b| / max |b| over all rows; infinite for tensors of different size or NaN. */
export function relative(
  found: readonly Float32Array[],
  expected: readonly Float32Array[],
): number {
  let [worst, largest] = [0, 0];
  for (const [r, row] of expected.entries()) {
    if (found[r]?.length !== row.length) return Infinity;
    row.forEach((b, i) => {
      const difference = Math.abs(found[r]![i]! - b);
      worst = difference <= worst ? worst : Number.isNaN(difference) ? Infinity : difference;
      largest = Math.max(largest, Math.abs(b));
    });
  }
  // both exactly zero: a gradient that a window keeps from its position
  return worst === 0 ? 0 : worst / largest;
}
