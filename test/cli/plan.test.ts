/** @file `mas-audit plan` on the embedded pair. */
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { AUDITS, TEXT_AUDITS } from "../../audits/index.js";
import { planCommand } from "../../src/cli/plan-command.js";
import type { RunPlan } from "../../src/cli/plan-text.js";
import { readAuditOptions } from "../../src/cli/read-options.js";
import { keepingSink } from "./run.js";

async function plan(raw: Parameters<typeof readAuditOptions>[1]): Promise<string> {
  const stdout = keepingSink();
  const options = readAuditOptions(
    { base: resolve("fixtures/demo/base"), tuned: resolve("fixtures/demo/broken") },
    raw,
  );
  const io = { stdout, stderr: keepingSink(), argv: [], signal: new AbortController().signal };
  expect(
    await planCommand(options, io, { adapters: ADAPTERS, audits: AUDITS, texts: TEXT_AUDITS }),
  ).toBe(0);
  return stdout.text();
}

describe("a plan", () => {
  it("counts a cell for each variable, layer and position role", async () => {
    const { layers, audits, cells } = JSON.parse(
      await plan({ json: true, layers: ["1,3"], audit: ["sentiment", "number-agreement"] }),
    ) as RunPlan;
    expect(layers).toEqual([1, 3]);
    expect(audits.map(({ id, roles, cells: n }) => [id, roles.length, n])).toEqual([
      ["sentiment", 2, 4],
      ["number-agreement", 2, 4],
    ]);
    expect(cells).toBe(8);
  });

  it("leaves out built-in audits that the models cannot be asked, says so, and refuses them by name", async () => {
    const { audits, warnings } = JSON.parse(await plan({ json: true, layers: ["1"] })) as RunPlan;
    const out = warnings.filter((text) => text.includes("is left out"));
    expect(out).toContain(
      'audit "refusal" is left out: the audit holds chat messages, and the tokenizer has no chat template',
    );
    expect(audits.length + out.length).toBe(AUDITS.length);
    expect(audits.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["harmful-request", "sentiment", "number-agreement"]),
    );
    await expect(plan({ json: true, layers: ["1"], audit: ["refusal"] })).rejects.toMatchObject({
      code: "NO_CHAT_TEMPLATE",
    });
  });

  it("asks for fewer working files where whole prompts are run, and for more memory", async () => {
    const raw = { json: true as const, layers: ["1"], audit: ["sentiment"] };
    const windowed = JSON.parse(await plan(raw)) as RunPlan;
    const whole = JSON.parse(await plan({ ...raw, referencePath: true as const })) as RunPlan;
    expect(whole.workingFilesBytes).toBeLessThan(windowed.workingFilesBytes);
    expect(whole.memory.totalBytes).toBeGreaterThanOrEqual(windowed.memory.totalBytes);
  });

  it("fits into 80 columns", async () => {
    const text = await plan({});
    expect(text).toMatch(/^cells {3}\d+ /m);
    for (const line of text.split("\n").filter((each) => !each.includes("/")))
      expect(line.length).toBeLessThanOrEqual(80);
  });
});
