/**
 * @file A thread of its own for sessions. The runtime computes inside the event loop of the thread that asks; two models
 * on two threads run at the same time, each on its share of the processors, which two sessions on one thread cannot.
 */
import { Worker } from "node:worker_threads";
import { HostError, invariant } from "../errors.js";
import { prepareEnvironment } from "./environment.js";
import { unpackError, type HostAnswer, type HostReply, type HostRequest } from "./host-messages.js";
import type { OpensSessions, Session } from "./session.js";

/** Where the thread's program stands. */
const PROGRAM = new URL("./session-thread.js", import.meta.url);

interface Call {
  readonly resolve: (answer: HostAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** A thread that holds sessions. Close it: it holds native memory. */
export class SessionHost implements OpensSessions {
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  #next = 0;
  #failure: HostError | undefined;

  /** `program`: the compiled thread, where it is not beside this file. */
  constructor(program: URL = PROGRAM) {
    prepareEnvironment(); // the runtime's library is loaded by the thread, and reads the variables of the process
    this.#worker = new Worker(program);
    this.#worker.on("message", (reply: HostReply) => {
      this.#settle(reply);
    });
    this.#worker.on("error", (cause) => {
      this.#fail(threadEnded(String(cause), cause));
    });
    this.#worker.on("exit", (code) => {
      this.#fail(threadEnded(`it ended with code ${code}`));
    });
    this.#worker.unref();
  }

  /** Opens a session in the thread. @throws as `createSession`. */
  async open(
    model: Parameters<OpensSessions["open"]>[0],
    options: Parameters<OpensSessions["open"]>[1],
  ): Promise<Session> {
    const session = this.#next++;
    const { host, ...plain } = options;
    invariant(host === this || host === undefined, "the host that was chosen");
    const opened = await this.#call({ kind: "open", session, model, options: plain });
    invariant(opened.kind === "open", "answer to open");
    return {
      inputs: opened.inputs,
      outputs: opened.outputs,
      run: async (feeds, stored) => {
        const answer = await this.#call({ kind: "run", session, feeds, ...(stored && { stored }) });
        invariant(answer.kind === "run", "answer to run");
        return answer.outputs;
      },
      release: async () => {
        await this.#call({ kind: "release", session });
      },
    };
  }

  /** Ends the thread and frees all that it holds. Calls that wait fail at once, whatever the thread still answers. */
  async close(): Promise<void> {
    this.#fail(new HostError("a thread of the runtime was closed", { code: "HOST_CLOSED" }));
    await this.#worker.terminate();
  }

  #call(request: HostRequest): Promise<HostAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const call = this.#next++;
    return new Promise((resolve, reject) => {
      this.#worker.ref(); // the process stays while something is computed
      this.#calls.set(call, { resolve, reject });
      this.#worker.postMessage({ call, request });
    });
  }

  #settle({ call, value }: HostReply): void {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    if (this.#calls.size === 0) this.#worker.unref();
    if (value.kind === "error") waiting?.reject(unpackError(value));
    else waiting?.resolve(value);
  }

  #fail(failure: HostError): void {
    this.#failure ??= failure;
    for (const { reject } of this.#calls.values()) reject(this.#failure);
    this.#calls.clear();
  }
}

const threadEnded = (found: string, cause?: unknown) =>
  new HostError("a thread of the runtime ended", {
    code: "SESSION_THREAD",
    found,
    hint: "most often memory ran out: try a smaller --batch, or --threads 1, which needs no thread of its own",
    cause,
  });
