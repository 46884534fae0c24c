/** @file What addresses a run: every file that shapes a model, an adapter's configuration included. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { digestInputs, type InputFile } from "../../src/cli/inputs.js";
import { loadPair } from "../../src/cli/load-models.js";
import { temporaryFolder } from "../support/tiny-models.js";

const llama = fileURLToPath(new URL("../../fixtures/lora/llama", import.meta.url));

async function inputsOf(tunedAdapter: string): Promise<readonly InputFile[]> {
  const pair = { base: join(llama, "base"), tuned: null, tunedAdapter };
  const models = await loadPair(pair, { adapters: ADAPTERS });
  const ready = { audits: [], texts: [] } as unknown as Parameters<typeof digestInputs>[0]["ready"]; // no audit is needed
  return (await digestInputs({ models, ready, signal: new AbortController().signal })).files;
}

it("the adapter's files are inputs of the tuned side alone, beside the base's own", async () => {
  const files = await inputsOf(join(llama, "plain"));
  const adapter = files.filter(({ path }) => basename(path).startsWith("adapter_"));
  expect(adapter.map(({ role, path }) => [role, basename(path)])).toEqual([
    ["tuned weights adapter_model.safetensors", "adapter_model.safetensors"],
    ["tuned adapter configuration", "adapter_config.json"],
  ]);
  const weights = files.filter(({ path }) => path === join(llama, "base", "model.safetensors"));
  expect(weights.map(({ role }) => role.split(" ")[0])).toEqual(["base", "tuned"]);
});

it("another alpha alone is another input", async () => {
  const other = join(temporaryFolder(), "adapter");
  cpSync(join(llama, "plain"), other, { recursive: true });
  const config = join(other, "adapter_config.json");
  writeFileSync(config, readFileSync(config, "utf8").replace('"lora_alpha": 8', '"lora_alpha": 9'));
  const [before, after] = [await inputsOf(join(llama, "plain")), await inputsOf(other)];
  const changed = after.filter(({ sha256 }, i) => sha256 !== before[i]?.sha256);
  expect(changed.map(({ role }) => role)).toEqual(["tuned adapter configuration"]);
});
