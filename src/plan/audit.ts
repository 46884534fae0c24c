/**
 * @file The audit contract: one causal question with its items, answers and causal model.
 * Built-in audits (`audits/`) and users' JSON files (`audit-file.ts`) both become a {@link CausalAudit}.
 */
import type { Stream } from "../stats/stream.js";

/** A value of a causal variable. */
export type Scalar = string | number;
/** Values of an item's variables, by variable name. */
export type Assignment = Readonly<Record<string, Scalar>>;
/** Name of an answer class. */
export type AnswerClass = string;
/** `"last"` (the last prompt token) or the name of a span (its last token). */
export type PositionRole = string;

/** One turn of a chat; the model's own template is applied. A last turn of the assistant is where its answer goes on. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** Half-open range [start, end): characters of the prompt (or of the last user message), or tokens for `ids`. */
export type Span = readonly [start: number, end: number];

/** One prompt with its values. Exactly one of `prompt`, `messages` and `ids` is set. */
export interface Item {
  readonly prompt?: string;
  readonly messages?: readonly ChatMessage[];
  readonly ids?: readonly number[];
  readonly values: Assignment;
  readonly spans?: Readonly<Record<string, Span>>;
  /** Items of one group never stand in two splits (for example: the same focus word). */
  readonly group?: string;
}

/** Forms of an answer class: texts, or token id sequences where the items are ids. */
export type AnswerForms = readonly string[] | readonly (readonly number[])[];

/** One causal question that can be asked of a language model. */
export interface CausalAudit {
  readonly id: string;
  readonly title: string;
  /** In a user's words: what do we want to know? */
  readonly question: string;
  /** Why it matters before a release. */
  readonly why: string;
  readonly references: readonly string[];
  /** Variable name → its values. */
  readonly variables: Readonly<Record<string, readonly Scalar[]>>;
  /** Variables that the outcome depends on: the ones under test. */
  readonly by: readonly string[];
  readonly answers: Readonly<Record<AnswerClass, AnswerForms>>;
  /** The causal model: what should the model answer? */
  outcome(values: Assignment): AnswerClass;
  /** Up to `n` distinct items (all there are, when fewer exist); the same stream gives the same items. */
  items(stream: Stream, n: number): readonly Item[];
  /** Position roles worth patching, `"last"` among them. */
  readonly sites: readonly PositionRole[];
}
