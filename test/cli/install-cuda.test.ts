import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { installCuda } from "../../src/cli/install-cuda.js";
import type { LibraryHost } from "../../src/runtime/cuda-library.js";
import { fakeLibrary } from "../support/fake-library.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { keepingSink } from "./run.js";

const root = temporaryFolder();
const folder = join(root, "bin");

/** Runs with an installer of this text, on a machine that has every library but those of CUDA. */
async function install(
  installer: string,
  host: Partial<LibraryHost> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  mkdirSync(folder, { recursive: true });
  const path = join(root, "install.cjs");
  writeFileSync(path, installer);
  const [stdout, stderr] = [keepingSink(), keepingSink()];
  const code = await installCuda({
    installer: path,
    io: { stdout, stderr },
    host: {
      platform: "linux-x64",
      folder,
      searched: [],
      whyNotLoadable: (name) => (name.startsWith("libcu") ? `${name}: No such file` : undefined),
      ...host,
    },
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

describe("install:cuda", () => {
  it("says what could not be reached, and the ways around it", async () => {
    const { code, stderr } = await install(
      `void Promise.reject(new Error("getaddrinfo ENOTFOUND api.nuget.org"));`,
    );
    expect(code).toBe(5);
    expect(stderr).toMatch(/^INSTALL_CUDA the CUDA provider could not be downloaded: /);
    expect(stderr).toContain("found getaddrinfo ENOTFOUND api.nuget.org");
    expect(stderr).toContain("GLOBAL_AGENT_HTTPS_PROXY");
    expect(stderr).toContain(folder);
  });

  it("notices an installer that ends well and leaves nothing", async () => {
    const { code, stderr } = await install("");
    expect(code).toBe(5);
    expect(stderr).toMatch(/^PROVIDER_MISSING /);
  });

  it("refuses a platform without a provider before anything is downloaded", async () => {
    const { code, stderr } = await install(`process.exit(9)`, { platform: "win32-x64" });
    expect(code).toBe(5);
    expect(stderr).toMatch(/^PROVIDER_PLATFORM /);
  });

  it("gives the installer the flag without which it does nothing, and names what is missing still", async () => {
    const library = JSON.stringify([...fakeLibrary(["libcublasLt.so.13"])]);
    const { code, stdout, stderr } = await install(
      `if (process.argv[2] !== "--onnxruntime-node-install=cuda12") process.exit(1);
       const { writeFileSync } = require("node:fs");
       for (const name of ["cuda", "shared"])
         writeFileSync(${JSON.stringify(folder)} + "/libonnxruntime_providers_" + name + ".so", Buffer.from(${library}));
       console.log("Downloading");`,
    );
    expect({ code, first: stdout.split("\n")[0] }).toEqual({ code: 0, first: "Downloading" });
    expect(stderr).toMatch(/^PROVIDER_LIBRARIES .*libcublasLt\.so\.13/);
    const again = await install(`process.exit(1)`);
    expect(again.stdout).toMatch(/^The CUDA provider is installed already/);
  });
});
