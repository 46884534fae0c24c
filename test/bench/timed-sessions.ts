/** @file The product's sessions with a stopwatch around the runtime, so that a step's time can be told apart. */
import type { LocatedModel } from "../../src/models/located.js";
import type { SuffixTokens } from "../../src/models/suffix.js";
import type { Session, SessionOptions } from "../../src/runtime/session.js";
import { SuffixSessions } from "../../src/measure/suffix-runner.js";

/** Time during which at least one of several things that overlap was going on, milliseconds. */
export class Stopwatch {
  #elapsed = 0;
  #going = 0;
  #since = 0;

  get ms(): number {
    return this.#elapsed;
  }

  /** Counts the time of `work`. */
  async around<T>(work: () => Promise<T>): Promise<T> {
    if (this.#going++ === 0) this.#since = performance.now();
    try {
      return await work();
    } finally {
      if (--this.#going === 0) this.#elapsed += performance.now() - this.#since;
    }
  }
}

/** As {@link SuffixSessions}; `inRuntime` counts the time inside the runtime. */
export class TimedSessions extends SuffixSessions {
  constructor(
    located: LocatedModel,
    site: { readonly layer: number; readonly window: boolean },
    { inRuntime, ...options }: SessionOptions & { readonly inRuntime: Stopwatch },
  ) {
    super(located, site, options);
    this.#inRuntime = inRuntime;
  }

  readonly #inRuntime: Stopwatch;

  override async forward(tokens: SuffixTokens): Promise<Session> {
    return this.#timed(await super.forward(tokens));
  }

  override async backward(tokens: SuffixTokens): Promise<Session> {
    return this.#timed(await super.backward(tokens));
  }

  #timed(session: Session): Session {
    return {
      ...session,
      run: (feeds, stored) => this.#inRuntime.around(() => session.run(feeds, stored)),
    };
  }
}
