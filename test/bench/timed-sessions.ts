/** @file The product's sessions with a stopwatch around the runtime, so that a step's time can be told apart. */
import type { Session } from "../../src/runtime/session.js";
import { SuffixSessions } from "../../src/measure/suffix-runner.js";

/** As {@link SuffixSessions}; counts the time inside the runtime. */
export class TimedSessions extends SuffixSessions {
  /** Milliseconds inside the runtime since the start. */
  runtimeMs = 0;

  override async forward(): Promise<Session> {
    return this.#timed(await super.forward());
  }

  override async backward(): Promise<Session> {
    return this.#timed(await super.backward());
  }

  #timed(session: Session): Session {
    return {
      ...session,
      run: async (feeds) => {
        const start = performance.now();
        const outputs = await session.run(feeds);
        this.runtimeMs += performance.now() - start;
        return outputs;
      },
    };
  }
}
