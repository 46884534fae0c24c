/** @file Two sessions over one suffix: forward alone, and with its gradient; each is loaded when first needed. */
import type { Model } from "../onnx/graph.js";
import { createSession, type Session, type SessionOptions } from "./session.js";

/** The sessions of one suffix. */
export class SessionPair {
  #forward: Promise<Session> | undefined;
  #backward: Promise<Session> | undefined;
  readonly #build: (gradient: boolean) => Model;

  /** `build` makes the graph, with or without its gradient. */
  constructor(
    build: (gradient: boolean) => Model,
    readonly options: SessionOptions,
  ) {
    this.#build = build;
  }

  /** The forward graph. @throws {@link HostError} when the runtime cannot load it. */
  forward(): Promise<Session> {
    this.#forward ??= createSession(this.#build(false), this.options);
    return this.#forward;
  }

  /** The graph with its gradient. @throws {@link HostError} when the runtime cannot load it. */
  backward(): Promise<Session> {
    this.#backward ??= createSession(this.#build(true), this.options);
    return this.#backward;
  }

  /** Frees what was loaded. */
  async release(): Promise<void> {
    const loading = [this.#forward, this.#backward];
    this.#forward = undefined;
    this.#backward = undefined;
    for (const session of loading) await (await session)?.release();
  }
}
