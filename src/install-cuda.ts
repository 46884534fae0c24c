/** @file `npm run install:cuda`: an explicit step, because it downloads; nothing else here does. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { installCuda } from "./cli/install-cuda.js";
import { processIo } from "./cli/process-io.js";

const entry = createRequire(import.meta.url).resolve("onnxruntime-node");

process.exitCode = await installCuda({
  installer: join(dirname(entry), "..", "script", "install.js"),
  io: processIo([], new AbortController().signal),
});
