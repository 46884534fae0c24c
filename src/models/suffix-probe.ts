/**
 * @file Runs a suffix graph on whole prompts with chosen patches; the plumbing of self-checks and reference checks.
 */
import { invariant, present } from "../errors.js";
import { createSession, type Session, type SessionOptions } from "../runtime/session.js";
import { float32Data, int64, tensor, type Feeds } from "../runtime/tensor.js";
import { feedBatch } from "./feed-batch.js";
import type { LocatedModel } from "./located.js";
import { buildSuffix, OUTSIDE_CLASS } from "./suffix.js";

/** One row of a probe: a prompt, its natural states, and the state put in place of one of them. */
export interface ProbeRow {
  readonly ids: readonly number[];
  /** `[token, dModel]`, natural states of the prompt at the suffix's layer. */
  readonly residual: Float32Array;
  readonly patchPosition: number;
  /** `[dModel]` */
  readonly patched: Float32Array;
  readonly labelPosition: number;
  /** Index into the answer ids. */
  readonly label: number;
}

/** What a probe gives back; gradient `[row, dModel]` of each row's own loss with respect to its patched state. */
export interface ProbeResult {
  /** `[row, answer]`, log-probability within the answer set; every answer id is its own class. */
  readonly logProb: Float32Array;
  /** `[row]`, nats. */
  readonly lossNats: Float32Array;
  readonly gradient: Float32Array;
}

/** A suffix with gradient, ready to run. */
export interface SuffixProbe {
  run(rows: readonly ProbeRow[], answerIds: readonly number[]): Promise<ProbeResult>;
  release(): Promise<void>;
}

/** Opens the suffix above `layer`. @throws {@link ModelFormatError} when the runtime refuses it. */
export async function openSuffix(
  located: LocatedModel,
  layer: number,
  options: SessionOptions,
): Promise<SuffixProbe> {
  const session = await createSession(buildSuffix(located, layer, { gradient: true }), options);
  return {
    run: async (rows, answerIds) =>
      readResult(await runRows(session, located, { rows, answerIds })),
    release: () => session.release(),
  };
}

function readResult(outputs: Feeds): ProbeResult {
  return {
    logProb: float32Data(outputs, "class_log_prob"),
    lossNats: float32Data(outputs, "loss_nats"),
    gradient: float32Data(outputs, "gradient"),
  };
}

async function runRows(
  session: Session,
  { feeds, dModel }: LocatedModel,
  { rows, answerIds }: { rows: readonly ProbeRow[]; answerIds: readonly number[] },
): Promise<Feeds> {
  const width = Math.max(...rows.map(({ ids }) => ids.length));
  const [n, k] = [rows.length, answerIds.length];
  const residual = new Float32Array(n * width * dModel);
  const patched = new Float32Array(n * dModel);
  rows.forEach((row, r) => {
    invariant(row.residual.length === row.ids.length * dModel, "residual of a probe row");
    residual.set(row.residual, r * width * dModel);
    patched.set(row.patched, r * dModel);
  });
  const mask = Float32Array.from({ length: k * k }, (_, i) =>
    i % (k + 1) === 0 ? 0 : OUTSIDE_CLASS,
  );
  const all: Feeds = {
    ...feedBatch(
      feeds,
      rows.map(({ ids }) => ids),
    ),
    residual: tensor("float32", [n, width, dModel], residual),
    patched: tensor("float32", [n, dModel], patched),
    patch_position: int64(
      [n],
      rows.map((row) => row.patchPosition),
    ),
    label_position: int64(
      [n],
      rows.map((row) => row.labelPosition),
    ),
    label: int64(
      [n],
      rows.map((row) => row.label),
    ),
    answer_ids: int64([k], answerIds),
    answer_log_mask: tensor("float32", [k, k], mask),
  };
  // a suffix declares only the model's inputs that it still needs
  return session.run(
    Object.fromEntries(
      session.inputs.map(({ name }) => [name, present(all[name], `input "${name}"`)]),
    ),
  );
}
