/** @file Stages of a run: told to the status line, timed for the manifest. */
import type { StatusLine } from "./status-line.js";

/** Time of one stage. */
export interface PhaseTime {
  readonly name: string;
  readonly elapsedMs: number;
}

/** Names the stage that runs and adds up the time of those before. */
export class Phases {
  readonly startedAt = new Date();
  readonly #startMs = performance.now();
  readonly #done: PhaseTime[] = [];
  #current: { name: string; startMs: number } | undefined;

  constructor(readonly status: StatusLine) {}

  /** Ends the stage before and begins another. */
  start(name: string): void {
    this.#end();
    this.#current = { name, startMs: performance.now() };
    this.status.stage(name);
  }

  /** Since the run began. */
  elapsedSeconds(): number {
    return (performance.now() - this.#startMs) / 1e3;
  }

  /** Ends the last stage; returns all of them in order. */
  finish(): { elapsedMs: number; phases: readonly PhaseTime[] } {
    this.#end();
    return { elapsedMs: Math.round(performance.now() - this.#startMs), phases: this.#done };
  }

  #end(): void {
    if (this.#current === undefined) return;
    const { name, startMs } = this.#current;
    this.#done.push({ name, elapsedMs: Math.round(performance.now() - startMs) });
    this.#current = undefined;
  }
}
