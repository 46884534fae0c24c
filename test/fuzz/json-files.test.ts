/** @file JSON files beside models, audits and cells that no program and no careful person wrote. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readConfiguration } from "../../src/models/configuration.js";
import { readAdapterConfig } from "../../src/models/lora/adapter-config.js";
import { loadTokenizer } from "../../src/models/tokenizer.js";
import { parseAuditFile } from "../../src/plan/audit-file.js";
import { scanJson } from "../../src/plan/json-text.js";
import { stream, type Stream } from "../../src/stats/stream.js";
import { cellDigest, openStore } from "../../src/store/cell-store.js";
import { readJson } from "../../src/store/json-document.js";
import {
  damage,
  damageJson,
  deepJson,
  outcomeOf,
  outcomeOfAsync,
  withinMemory,
} from "../support/fuzz.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { TOKENIZERS } from "../support/tokenizers.js";

const folder = temporaryFolder();
const MEBIBYTE = 1 << 20;

/** Either the value with odd places, or its text with damaged bytes. */
function damaged(value: unknown, random: Stream): Uint8Array {
  if (random.int(2) === 0) return Buffer.from(JSON.stringify(damageJson(value, random)));
  return damage(new Uint8Array(Buffer.from(JSON.stringify(value))), random);
}

const HOSTILE: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["100 000 levels of objects", deepJson(100_000)],
  ["100 000 levels of lists", deepJson(100_000, "[", "]")],
  ["half of 100 000 levels", deepJson(100_000).slice(0, 400_000)],
  ["a text of 4 million signs", `{"a":"${"x".repeat(4_000_000)}"}`],
  ["a text that does not end", `{"a":"${"x\\n".repeat(1_000_000)}`],
  ["a number of a million digits", `{"a":${"9".repeat(1_000_000)}}`],
  ["a hundred thousand equal keys", `{${'"a":1,'.repeat(100_000)}"a":1}`],
  ["a list of a million zeros", `[${"0,".repeat(1_000_000)}0]`],
  ["the name of every object's parent", '{"__proto__":{"a":1},"constructor":{"prototype":1}}'],
];

describe("JSON text", () => {
  it.each(HOSTILE)("of %s is parsed or explained by both readers", (_, text) => {
    withinMemory(256 * MEBIBYTE, () => {
      expect(["ok", "bad"]).toContain(readJson(text).kind);
      expect(["ok", "error"]).toContain(scanJson(text).kind);
    });
  });

  it("is read as JSON.parse reads it, unless a key is there twice", () => {
    const random = stream(1, "fuzz/json/text");
    const value = { a: [1, { b: 'x"\\\u2028' }], "": null, "\u0000": { a: {} } };
    for (let i = 0; i < 2000; i++) {
      const text = Buffer.from(damaged(value, random)).toString("utf8");
      const read = readJson(text);
      let parsed: unknown;
      try {
        parsed = JSON.parse(text);
      } catch {
        expect(read.kind).toBe("bad");
        expect(scanJson(text).kind).toBe("error");
        continue;
      }
      const scan = scanJson(text);
      expect(scan.kind).toBe("ok");
      const isRepeated = scan.kind === "ok" && scan.repeated.length > 0;
      if (isRepeated) expect(read.kind).toBe("bad");
      else expect(read).toEqual({ kind: "ok", value: parsed });
    }
  });
});

describe("config.json", () => {
  const config = {
    model_type: "llama",
    num_hidden_layers: 3,
    hidden_size: 64,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    vocab_size: 320,
    max_position_embeddings: 128,
    rope_parameters: { rope_type: "default", rope_theta: 1e4 },
  };
  const place = join(folder, "config");
  mkdirSync(place);
  const read = (bytes: Uint8Array | string): ReturnType<typeof outcomeOf> => {
    writeFileSync(join(place, "config.json"), bytes);
    return outcomeOf(() => readConfiguration(place), "readConfiguration");
  };

  it("with damage gives positive whole sizes or is refused", () => {
    const random = stream(2, "fuzz/json/config");
    for (let i = 0; i < 1000; i++) {
      const outcome = read(damaged(config, random));
      if (outcome.kind === "refused") continue;
      const claims = Object.values(outcome.value as object).filter((v) => typeof v === "number");
      expect(claims.every((value) => Number.isSafeInteger(value) && value > 0)).toBe(true);
    }
  });

  it.each(HOSTILE)("of %s is read or refused", (_, text) => {
    read(text);
  });
});

describe("tokenizer files", () => {
  const names = ["tokenizer.json", "tokenizer_config.json"] as const;
  const files = Object.fromEntries(
    names.map((name) => [
      name,
      JSON.parse(readFileSync(join(TOKENIZERS["llama-tiny"], name), "utf8")) as unknown,
    ]),
  );
  const place = join(folder, "tokenizer");
  mkdirSync(place);
  const restore = (): void => {
    for (const name of names) copyFileSync(join(TOKENIZERS["llama-tiny"], name), join(place, name));
  };

  it("with damage give a tokenizer or a refusal", async () => {
    const random = stream(3, "fuzz/json/tokenizer");
    for (let i = 0; i < 60; i++) {
      restore();
      const name = names[random.int(2)]!;
      writeFileSync(join(place, name), damaged(files[name], random));
      await outcomeOfAsync(() => loadTokenizer(place), `${name} ${i}`);
    }
  });

  it.each([-1, 2 ** 24, 2 ** 31, 2 ** 53 - 1])("an id of %d is refused", async (id) => {
    restore();
    const json = structuredClone(files["tokenizer.json"]) as { added_tokens: { id: number }[] };
    json.added_tokens[0]!.id = id;
    writeFileSync(join(place, "tokenizer.json"), JSON.stringify(json));
    expect((await outcomeOfAsync(() => loadTokenizer(place), "id")).kind).toBe("refused");
  });

  it.each(HOSTILE)(
    "of %s are refused, or read where nothing has to be in them",
    async (_, text) => {
      for (const name of names) {
        restore();
        writeFileSync(join(place, name), text);
        const { kind } = await outcomeOfAsync(() => loadTokenizer(place), name);
        if (name === "tokenizer.json") expect(kind).toBe("refused");
      }
    },
  );
});

describe("adapter_config.json", () => {
  const place = join(folder, "adapter");
  mkdirSync(place);
  const config = {
    peft_type: "LORA",
    r: 4,
    lora_alpha: 8,
    target_modules: ["q_proj", "v_proj"],
    rank_pattern: { q_proj: 2 },
    alpha_pattern: {},
    bias: "none",
    use_rslora: false,
    fan_in_fan_out: false,
    modules_to_save: null,
  };
  const read = (bytes: Uint8Array | string): ReturnType<typeof outcomeOf> => {
    writeFileSync(join(place, "adapter_config.json"), bytes);
    return outcomeOf(() => readAdapterConfig(place), "readAdapterConfig");
  };

  it("with damage is read or refused", () => {
    const random = stream(4, "fuzz/json/adapter");
    for (let i = 0; i < 600; i++) read(damaged(config, random));
  });

  it.each(HOSTILE)("of %s is refused", (_, text) => {
    expect(read(text).kind).toBe("refused");
  });
});

describe("an audit file", () => {
  const audit = {
    schema: "mas-audit/audit@1",
    id: "number",
    title: "number",
    variables: { number: ["singular", "plural"], tense: ["past", "present"] },
    answers: { is: [" is"], are: [" are"] },
    outcome: {
      by: ["number"],
      table: { singular: "is", plural: "are" },
    },
    items: [
      { prompt: "The key", values: { number: "singular", tense: "past" }, spans: { noun: [4, 7] } },
      { prompt: "The keys", values: { number: "plural", tense: "past" }, spans: { noun: [4, 8] } },
      {
        messages: [{ role: "user", content: "The dogs" }],
        values: { number: "plural", tense: "present" },
        spans: { noun: [4, 8] },
      },
    ],
  };
  const read = (text: string): ReturnType<typeof outcomeOf> =>
    outcomeOf(() => parseAuditFile(text, "audit.json"), "parseAuditFile");

  it("without damage is read", () => {
    expect(read(JSON.stringify(audit)).kind).toBe("read");
  });

  it("with damage is read or refused, and what is read gives its outcomes", () => {
    const random = stream(5, "fuzz/json/audit");
    for (let i = 0; i < 1500; i++) {
      const outcome = read(Buffer.from(damaged(audit, random)).toString("utf8"));
      if (outcome.kind === "refused") continue;
      const parsed = outcome.value as ReturnType<typeof parseAuditFile>;
      for (const item of parsed.items(random, 10))
        expect(typeof parsed.outcome(item.values)).toBe("string");
    }
  });

  it.each(HOSTILE)("of %s is refused", (_, text) => {
    expect(read(text).kind).toBe("refused");
  });

  it("whose table would have 10^30 lines is refused at once", () => {
    const names = Array.from({ length: 30 }, (_, i) => `v${i}`);
    const variables = Object.fromEntries(
      names.map((name) => [name, Array.from({ length: 10 }, (_, i) => i)]),
    );
    const outcome = read(
      JSON.stringify({ ...audit, variables, outcome: { by: names, table: { a: "is" } } }),
    );
    expect(outcome.kind === "refused" && outcome.error.message).toContain(
      "outcome.by: expected variables with at most 10000 combinations of values, found 1e+30 combinations",
    );
  });

  it.each([
    [
      "items that are all wrong",
      { items: Array(5000).fill({ values: { numbr: "x".repeat(50) } }) },
    ],
    [
      "a span of its own in each item",
      {
        items: Array.from({ length: 4000 }, (_, i) => ({
          prompt: `The key ${i}`,
          values: { number: "singular", tense: "past" },
          spans: { [`s${i}`]: [0, 1] },
        })),
      },
    ],
    [
      "a table with keys of no variable",
      {
        outcome: {
          by: ["number"],
          table: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, `c${i}`])),
        },
      },
    ],
    ["unknown keys", Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, i]))],
    [
      "values by the ten thousand",
      { variables: { number: Array.from({ length: 20_000 }, (_, i) => i) } },
    ],
  ])("with %s is refused in bounded time and text", (_, changes) => {
    const start = performance.now();
    const outcome = read(JSON.stringify({ ...audit, ...changes }));
    expect(outcome.kind).toBe("refused");
    // each was quadratic or worse: minutes. A second is usual; the rest is for a busy machine
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it.each(["constructor", "toString", "__proto__", "hasOwnProperty"])(
    "with the name %s everywhere is read or refused",
    (name) => {
      read(JSON.stringify(audit).replaceAll("number", name));
      read(JSON.stringify(audit).replaceAll("singular", name));
      read(JSON.stringify(audit).replaceAll('"is"', `"${name}"`));
      read(JSON.stringify(audit).replaceAll("noun", name));
    },
  );
});

describe("a stored cell", () => {
  const schema = z.looseObject({ n: z.number() });
  const cell = cellDigest({ fuzz: 1 });
  const place = join(folder, "store");

  it("with damage is given back as it was, or not trusted", () => {
    const random = stream(6, "fuzz/json/cell");
    const store = openStore(place);
    store.put(cell, { n: 1, list: [1, 2], text: "x" }, Uint8Array.of(1, 2, 3));
    const file = join(place, "cells", `${cell}.json`);
    const whole = new Uint8Array(readFileSync(file));
    for (let i = 0; i < 600; i++) {
      const bytes = damage(whole, random);
      writeFileSync(file, bytes);
      const found = store.get(cell, schema);
      if (Buffer.compare(bytes, whole) !== 0) expect(found.kind).toBe("distrusted");
    }
    for (const [, text] of [...HOSTILE, ["", '{"a":1e999}'] as const]) {
      writeFileSync(file, text);
      expect(store.get(cell, schema).kind).toBe("distrusted");
    }
    store.discard();
  });
});
