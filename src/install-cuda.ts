/** @file `npm run install:cuda`: an explicit step, because it downloads; nothing else here does. */
import { join } from "node:path";
import { installCuda } from "./cli/install-cuda.js";
import { processIo } from "./cli/process-io.js";
import { runtimePackage } from "./runtime/cuda-library.js";

process.exitCode = await installCuda({
  installer: join(runtimePackage(), "script", "install.js"),
  io: processIo([], new AbortController().signal),
});
