/**
 * @file Runs the program in a child process, and stays free to end it.
 *
 * The runtime computes inside the event loop: opening a session or running a batch of a large model takes seconds in
 * which no signal handler and no timer of that process runs. The parent does nothing but wait, so that Ctrl-C ends
 * within a second whatever the child is doing, and a child that the system kills (out of memory) ends with a sentence.
 */
import { spawn } from "node:child_process";
import { HostError } from "../errors.js";
import { EXIT } from "./exit.js";
import { errorText } from "./format-error.js";
import { GRACE_MS, printInterruption, SIGNALS } from "./interrupt.js";

/** Names the supervisor's process id to the child. */
const VARIABLE = "MAS_AUDIT_SUPERVISOR";

/** Is this process the child of a supervisor? The id is compared, because variables are inherited further. */
export function isSupervised(): boolean {
  return process.env[VARIABLE] === String(process.ppid) && process.connected;
}

/** Runs `script` with `argv` in a child on this terminal; resolves to the exit code. */
export async function supervise(script: string, argv: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, script, ...argv], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, [VARIABLE]: String(process.pid) },
  });
  let interrupted: string | undefined;
  const onSignal = (name: string): void => {
    if (interrupted !== undefined) child.kill("SIGKILL");
    interrupted = name;
    if (child.connected) child.send(name);
    setTimeout(() => child.kill("SIGKILL"), GRACE_MS + 50).unref();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  const [code, killer] = await ended(child);
  for (const name of SIGNALS) process.off(name, onSignal);
  if (code !== null) return code;
  if (interrupted !== undefined) {
    printInterruption(interrupted, argv);
    return EXIT.interrupted;
  }
  const error = killed(killer);
  process.stderr.write(errorText(error, { argv, colour: false }));
  return error.exitCode;
}

function ended(child: ReturnType<typeof spawn>): Promise<readonly [number | null, string | null]> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      resolve([code, signal]);
    });
  });
}

function killed(signal: string | null): HostError {
  return new HostError("the run was ended from outside", {
    code: "KILLED",
    found: signal ?? "no exit code",
    hint:
      signal === "SIGKILL"
        ? "most often the system ran out of memory: try a smaller --batch or fewer --layers; the same command resumes"
        : `the runtime crashed; the same command resumes, and ends with ${EXIT.host} again if it is not by chance`,
  });
}
