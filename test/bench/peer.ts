/**
 * @file A PyTorch program beside ours: started once, asked one command at a time, so that nothing of it runs while ours
 * is measured. Same threads; its waiting threads sleep.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { HostError } from "../../src/errors.js";
import type { PeerName } from "./options.js";

/** A running peer. */
export interface Peer {
  readonly name: PeerName;
  /** Sends a command; the answer has the shape asked for. */
  ask<T>(command: string, answer: z.ZodType<T>): Promise<T>;
  stop(): void;
}

const FILES: Readonly<Record<PeerName, string>> = {
  lean: "lean.py",
  author: "author.py",
  pyvene: "pyvene_peer.py",
  path: "path.py",
};

const ready = z.object({ ready: z.literal(true), torch: z.string(), threads: z.number() });

/** From `dist/test/bench` and from `test/bench` alike, the scripts stand in the sources. */
function scriptPath(name: PeerName): string {
  const here = import.meta.url.includes("/dist/") ? "../../../test/bench/" : "./";
  return fileURLToPath(new URL(`${here}peers/${FILES[name]}`, import.meta.url));
}

/**
 * Starts a peer on a task.
 *
 * @throws {@link HostError} when it ends before it has answered.
 */
export async function startPeer(
  name: PeerName,
  {
    python,
    task,
    threads,
  }: { readonly python: string; readonly task: string; readonly threads: number },
): Promise<Peer> {
  const child = spawn(python, [scriptPath(name), task], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      ...process.env,
      ...{ OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) },
      ...{ OMP_WAIT_POLICY: "PASSIVE", TOKENIZERS_PARALLELISM: "false", HF_HUB_OFFLINE: "1" },
    },
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  failed.catch(() => undefined); // heard where an answer is awaited
  const next = async <T>(answer: z.ZodType<T>): Promise<T> => {
    const line = await Promise.race([lines.next(), failed]);
    if (line.done === true) throw ended(name, complaint);
    return answer.parse(JSON.parse(line.value));
  };
  await next(ready);
  return {
    name,
    ask(command, answer) {
      child.stdin.write(`${command}\n`);
      return next(answer);
    },
    stop() {
      child.stdin.end();
      child.kill();
    },
  };
}

function ended(name: PeerName, complaint: string): HostError {
  return new HostError(`the peer "${name}" ended without an answer`, {
    code: "BENCH_PEER",
    expected: "PYTHON to name a Python with torch and transformers (and pyvene for that peer)",
    found: complaint.trim().split("\n").slice(-3).join(" | "),
  });
}
