/** @file Products beside the weights and products merged into them are one function. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { ADAPTERS } from "../../../adapters/index.js";
import { loadModel } from "../../../src/models/load.js";
import { checkLora } from "../../support/lora-check.js";
import { temporaryFolder } from "../../support/tiny-models.js";

const folder = temporaryFolder();

/** Two roundings of a sum of products against one: some ulp of the largest logit; observed 4e-7. */
const RELATIVE = 1e-5;

it.each([
  ["lora/llama/base", 14],
  ["lora/llama/onnx", 14],
  ["lora/gpt2/base", 8],
  ["lora/gpt2/onnx", 8],
  ["exports/llama/optimum-past/model.onnx", 21],
  ["exports/gpt2/optimum-nopast/model.onnx", 12],
  ["demo/base", 35],
])("an adapter on every layer of %s equals its merged weights", async (path, modules) => {
  const file = fileURLToPath(new URL(`../../../fixtures/${path}`, import.meta.url));
  const base = await loadModel(file, { adapters: ADAPTERS });
  const check = await checkLora(base, {
    rows: [
      [1, 5, 9, 2],
      [4, 4, 3, 0],
    ],
    folder: join(folder, path.replaceAll("/", "-")),
  });
  expect(check.worst).toBeLessThan(RELATIVE * check.largest);
  expect(check.effect).toBeGreaterThan(1e-3 * check.largest);
  expect(check.modules).toBe(modules);
});
