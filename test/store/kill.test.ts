/**
 * @file `kill -9` at random moments, with real processes: whatever a later run finds was written to its end.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { cellDigest, openStore } from "../../src/store/cell-store.js";
import { invariant } from "../../src/errors.js";
import type { Sha256 } from "../../src/store/digest.js";
import { stream } from "../../src/stats/stream.js";
import { transpile, type Transpiled } from "../support/transpiled.js";

const KILLS = 8;
const TENSOR_BYTES = 40_000;

/** Writes cells of its own (`first`, `first` + 1, …) until it is killed. */
const SCRIPT = `
import { cellDigest, openStore } from "./src/store/cell-store.js";
const [folder, first] = process.argv.slice(2);
const store = openStore(folder);
process.stdout.write("open");
for (let n = Number(first); ; n++) {
  store.put(cellDigest(n), { n, text: "x".repeat(5000) }, new Uint8Array(${TENSOR_BYTES}).fill(n % 256));
}
`;

let js: Transpiled;
let folder: string;
beforeAll(() => {
  js = transpile(["", "store"]);
  folder = mkdtempSync(join(tmpdir(), "mas-audit-kill-"));
});
afterAll(() => {
  js.remove();
  rmSync(folder, { recursive: true, force: true });
});

interface Writer {
  readonly script: string;
  readonly first: number;
  readonly afterMs: number;
}

async function writeUntilKilled({ script, first, afterMs }: Writer): Promise<void> {
  const child = spawn(process.execPath, [script, folder, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), afterMs));
  await new Promise((resolve) => child.on("exit", resolve));
  expect(child.signalCode).toBe("SIGKILL");
}

it("leaves whole cells and no other", async () => {
  const script = js.script("writer.mjs", SCRIPT);
  const random = stream(0, "test/kill");
  const body = z.object({ n: z.int(), text: z.string().length(5000) });
  for (let i = 0; i < KILLS; i++) {
    await writeUntilKilled({ script, first: 1000 * i, afterMs: random.int(60) });
    const store = openStore(folder); // takes over the lock of the dead
    const names = readdirSync(join(folder, "cells"));
    expect(names.filter((name) => name.endsWith(".tmp"))).toEqual([]);
    for (const name of names.filter((file) => file.endsWith(".json"))) {
      const cell = store.get(name.replace(".json", "") as Sha256, body);
      invariant(cell.kind === "found", `${name} is ${cell.kind}`);
      const fill = cell.body.n % 256;
      expect(cellDigest(cell.body.n)).toBe(name.replace(".json", ""));
      expect(Buffer.alloc(TENSOR_BYTES, fill).equals(cell.tensors ?? Buffer.of())).toBe(true);
    }
    store.close();
  }
  expect(readdirSync(join(folder, "cells")).length).toBeGreaterThan(KILLS);
}, 180_000);
