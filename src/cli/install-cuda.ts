/**
 * @file Downloads the CUDA provider with the runtime's own installer, and says what is still missing afterwards.
 *
 * The installer has to be told: without a flag it ends silently when it is started from a project's own folder.
 */
import { spawn } from "node:child_process";
import { HostError, type MasAuditError } from "../errors.js";
import {
  CUDA_NEEDS,
  cudaError,
  findCudaObstacle,
  thisHost,
  type LibraryHost,
} from "../runtime/cuda-library.js";
import type { Io } from "./commands.js";
import { EXIT } from "./exit.js";
import { formatError } from "./format-error.js";

/** What an installation needs from outside. */
export interface InstallParts {
  /** Script of the runtime that downloads. */
  readonly installer: string;
  readonly io: Pick<Io, "stdout" | "stderr">;
  /** @defaultValue this machine */
  readonly host?: LibraryHost;
}

/** The flag by which the installer knows the provider; the name is older than the CUDA version that it downloads. */
const FLAG = "--onnxruntime-node-install=cuda12";

/** Installs; resolves to the exit code: 0 also where only the machine's own CUDA libraries are missing still. */
export async function installCuda({
  installer,
  io,
  host = thisHost(),
}: InstallParts): Promise<number> {
  const before = findCudaObstacle(host);
  if (before?.kind === "platform") return fail(cudaError(before), io);
  if (before === undefined || before.kind === "libraries") {
    io.stdout.write(`The CUDA provider is installed already, in ${host.folder}.\n`);
  } else {
    const { code, words } = await runInstaller(installer, io);
    if (code !== 0) return fail(downloadError(words, host), io);
  }
  const after = findCudaObstacle(host);
  if (after === undefined) {
    io.stdout.write("The CUDA provider and every library that it needs were found.\n");
    return EXIT.pass;
  }
  const error = cudaError(after);
  if (after.kind !== "libraries") return fail(error, io);
  io.stdout.write("The provider is there; this machine still lacks libraries.\n");
  io.stderr.write(formatError(error, { verbose: false, colour: io.stderr.colour }));
  return EXIT.pass;
}

function fail(error: MasAuditError, { stderr }: InstallParts["io"]): number {
  stderr.write(formatError(error, { verbose: false, colour: stderr.colour }));
  return error.exitCode;
}

async function runInstaller(
  installer: string,
  { stdout }: InstallParts["io"],
): Promise<{ readonly code: number | null; readonly words: string }> {
  const child = spawn(process.execPath, [installer, FLAG], { stdio: ["ignore", "pipe", "pipe"] });
  let words = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout.write(chunk.toString());
  });
  child.stderr.on("data", (chunk: Buffer) => {
    words += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => {
    child.on("error", (error) => {
      words += `\n${error.message}`;
      resolve(null);
    });
    child.on("close", resolve);
  });
  return { code, words };
}

/** The installer ends in a stack trace; the line that begins with "Error:" is what happened. */
function downloadError(words: string, { folder }: LibraryHost): HostError {
  const line = words.split("\n").find((each) => /^\w*Error: /.test(each.trim()));
  return new HostError("the CUDA provider could not be downloaded", {
    code: "INSTALL_CUDA",
    expected: "the package Microsoft.ML.OnnxRuntime.Gpu.Linux from api.nuget.org",
    found:
      line?.trim().replace(/^\w*Error: /, "") ?? (words.trim().split("\n").at(-1) || "no message"),
    hint:
      `behind a proxy, set GLOBAL_AGENT_HTTPS_PROXY; or copy libonnxruntime_providers_cuda.so and ` +
      `libonnxruntime_providers_shared.so of the runtime's version from that package to ${folder}. It needs ${CUDA_NEEDS}`,
  });
}
