import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isTf32Off, prepareEnvironment } from "../../src/runtime/environment.js";
import { runtimeSources, transpile } from "../support/transpiled.js";

describe("prepareEnvironment", () => {
  it("turns telemetry off whatever the caller set, and TF32 only where nothing was set", () => {
    const bare: NodeJS.ProcessEnv = {};
    prepareEnvironment(bare);
    expect(bare).toEqual({ ORT_DISABLE_TELEMETRY: "1", NVIDIA_TF32_OVERRIDE: "0" });
    expect(isTf32Off(bare)).toBe(true);
    const set: NodeJS.ProcessEnv = { ORT_DISABLE_TELEMETRY: "0", NVIDIA_TF32_OVERRIDE: "1" };
    prepareEnvironment(set);
    expect(set).toEqual({ ORT_DISABLE_TELEMETRY: "1", NVIDIA_TF32_OVERRIDE: "1" });
    expect(isTf32Off(set)).toBe(false);
  });

  it("comes before the runtime: a session leaves no trace in the home and temporary folders", () => {
    const program = transpile(runtimeSources());
    const home = mkdtempSync(join(tmpdir(), "mas-audit-home-"));
    try {
      const script = program.script(
        "session.js",
        `import { tryCpu } from "./src/runtime/device.js";
         await tryCpu();`,
      );
      execFileSync(process.execPath, [script], {
        env: {
          ...process.env,
          ORT_DISABLE_TELEMETRY: "0",
          HOME: home,
          XDG_CACHE_HOME: home,
          TMPDIR: home,
        },
      });
      expect(readdirSync(home)).toEqual([]);
    } finally {
      program.remove();
      rmSync(home, { recursive: true, force: true });
    }
  });
});
