/**
 * @file The contract of an audit that asks no question: texts alone, and all that a model would say next.
 * Its sibling with a causal model is {@link CausalAudit} in `audit.ts`.
 */
import type { Stream } from "../stats/stream.js";

/** One text. */
export interface Text {
  readonly prompt: string;
  /** Texts of one group never stand in two splits. */
  readonly group: string;
}

/** Texts whose whole context is the one variable under test. */
export interface TextAudit {
  readonly id: string;
  readonly title: string;
  /** In a user's words: what do we want to know? */
  readonly question: string;
  /** Why it matters before a release. */
  readonly why: string;
  readonly references: readonly string[];
  /** Up to `n` distinct texts that begin with one and the same word; the same stream gives the same texts. */
  texts(stream: Stream, n: number): readonly Text[];
}
