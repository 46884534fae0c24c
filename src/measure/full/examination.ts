/**
 * @file What both models do naturally with the texts, and how texts are split.
 *
 * There is no right answer here. "Right" means: as the base. So the base is right everywhere by definition, and the tuned
 * model as often as its most probable next token is the base's. The answer set is the whole vocabulary, with mass 1.
 */
import { invariant, present } from "../../errors.js";
import type { LocatedModel } from "../../models/located.js";
import { splitItems, type Split } from "../../plan/splits.js";
import type { SessionOptions } from "../../runtime/session.js";
import type { Stream } from "../../stats/stream.js";
import { MIN_PAIRS } from "../examination.js";
import { SIDES, type AuditMeasures, type Side } from "../measures.js";
import { FULL_VARIABLE } from "./names.js";
import type { PreparedTexts } from "./prepared-texts.js";
import { captureTexts, type TextCapture } from "./text-capture.js";
import { countPairs } from "./text-pairs.js";

/** What a most probable next token can be, compared with another. */
const CLASSES = ["the same token", "another token"] as const;

/** Texts with both captures. */
export interface TextExamination {
  readonly prepared: PreparedTexts;
  readonly captures: Readonly<Record<Side, TextCapture>>;
  readonly split: Split;
  readonly measures: AuditMeasures;
}

/** What an examination of texts needs. */
export interface TextExaminationRequest {
  readonly models: Readonly<Record<Side, LocatedModel>>;
  readonly prepared: PreparedTexts;
  readonly layers: readonly number[];
  readonly folder: string;
  /** Texts per run of a model. */
  readonly rows: number;
  readonly session: SessionOptions;
  readonly random: Stream;
  readonly signal: AbortSignal;
}

/**
 * Captures the texts in both models and splits them.
 *
 * @throws {@link NumericsError} when a model's outputs are not finite; {@link HostError} when the runtime fails.
 */
export async function examineTexts(request: TextExaminationRequest): Promise<TextExamination> {
  const { prepared, random } = request;
  const { id } = prepared.audit;
  const captures = {
    base: await captureSide(request, "base"),
    tuned: await captureSide(request, "tuned"),
  };
  const members = prepared.items.map(({ group }) => ({ group, class: 0 }));
  const split = splitItems(members, { classes: 1, stream: random.fork(`${id}/split`) });
  return { prepared, captures, split, measures: measureNaturally({ prepared, captures, split }) };
}

/** Closes the state files of an examination. */
export function closeTextExamination({ captures }: TextExamination): void {
  for (const side of SIDES) captures[side].close();
}

function captureSide(request: TextExaminationRequest, side: Side): Promise<TextCapture> {
  const { models, prepared, layers, folder, rows, session, signal } = request;
  const name = `${prepared.audit.id}-${side}`;
  return captureTexts({
    ...{ located: models[side], prepared, layers, folder, name, rows, session, signal },
  });
}

function measureNaturally({
  prepared,
  captures,
  split,
}: Pick<TextExamination, "prepared" | "captures" | "split">): AuditMeasures {
  const { audit, items } = prepared;
  const n = items.length;
  invariant(n > 0, "texts");
  const agreeing = items.filter(
    (_, item) => present(captures.base.top[item], "token") === captures.tuned.top[item],
  ).length;
  const pairs = countPairs({ items, members: split.test, changedBy: topTokens(captures) });
  return {
    audit: audit.id,
    title: audit.title,
    question: audit.question,
    variable: FULL_VARIABLE,
    classes: CLASSES,
    items: {
      generated: prepared.generated,
      tooLong: prepared.tooLong,
      ...{ baseRight: n, tunedRight: agreeing, bothRight: agreeing },
      train: split.train.length,
      validation: split.validation.length,
      test: split.test.length,
      heldOut: split.heldOut,
    },
    natural: {
      base: { accuracy: { hits: n, n }, answerMass: 1 },
      tuned: { accuracy: { hits: agreeing, n }, answerMass: 1 },
    },
    ...(pairs < MIN_PAIRS && {
      notMeasurable: `only ${pairs} pairs of held-out texts of one length have different next tokens in both models; at least ${MIN_PAIRS} are needed`,
    }),
  };
}

/** `[item]`, most probable next token by model. */
export function topTokens(
  captures: TextExamination["captures"],
): Readonly<Record<Side, Int32Array>> {
  return { base: captures.base.top, tuned: captures.tuned.top };
}
