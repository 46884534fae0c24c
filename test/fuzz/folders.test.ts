/** @file Folders of Hugging Face models and of adapters in which one file is damaged. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { openCheckpoint } from "../../src/models/checkpoint/open.js";
import { loadModel } from "../../src/models/load.js";
import { attachAdapter } from "../../src/models/lora/attach.js";
import { stream, type Stream } from "../../src/stats/stream.js";
import { damage, damageJson, outcomeOf, safetensorsBytes, withinMemory } from "../support/fuzz.js";
import { temporaryFolder } from "../support/tiny-models.js";

const folder = temporaryFolder();
const FAMILIES = ADAPTERS.flatMap(({ checkpoints }) => checkpoints ?? []);

function damagedJson(text: Uint8Array, random: Stream): Uint8Array {
  if (random.int(3) === 0) return damage(text, random);
  const json = JSON.parse(Buffer.from(text).toString("utf8")) as unknown;
  return Buffer.from(JSON.stringify(damageJson(json, random)));
}

function open(place: string): ReturnType<typeof outcomeOf> {
  return outcomeOf(() => openCheckpoint(place, FAMILIES), "openCheckpoint");
}

describe.each(["mistral", "gpt2", "gemma2"])("a folder of %s", (name) => {
  const place = join(folder, name);
  cpSync(join("fixtures", "checkpoints", name), place, { recursive: true });
  const config = new Uint8Array(readFileSync(join(place, "config.json")));
  const weights = new Uint8Array(readFileSync(join(place, "model.safetensors")));

  it("is opened whole", () => {
    expect(open(place).kind).toBe("read");
  });

  it("with a damaged configuration is opened or refused", () => {
    const random = stream(1, `fuzz/folder/config/${name}`);
    withinMemory(256 << 20, (look) => {
      for (let i = 0; i < 150; i++) {
        writeFileSync(join(place, "config.json"), damagedJson(config, random));
        open(place);
        look();
      }
    });
    writeFileSync(join(place, "config.json"), config);
  });

  it("with a damaged header of its weights is opened or refused", () => {
    const random = stream(2, `fuzz/folder/header/${name}`);
    const end = 8 + Number(Buffer.from(weights).readBigUInt64LE(0));
    const header = weights.slice(8, end);
    for (let i = 0; i < 100; i++) {
      const text = damagedJson(header, random);
      const file = safetensorsBytes(text, weights.subarray(end));
      writeFileSync(join(place, "model.safetensors"), file);
      open(place);
    }
    writeFileSync(join(place, "model.safetensors"), weights);
  });
});

it("an index of shards with damage is followed or refused, and never out of the folder", () => {
  const whole = join("fixtures", "checkpoints", "mistral");
  const weights = readFileSync(join(whole, "model.safetensors"));
  const header = weights.subarray(8, 8 + Number(weights.readBigUInt64LE(0))).toString("utf8");
  const names = Object.keys(JSON.parse(header) as object).filter((key) => key !== "__metadata__");
  const index = {
    metadata: { total_size: 1 },
    weight_map: Object.fromEntries(names.map((name) => [name, "a.safetensors"])),
  };
  const random = stream(3, "fuzz/folder/index");
  const sharded = join(folder, "sharded");
  mkdirSync(sharded);
  cpSync(join(whole, "config.json"), join(sharded, "config.json"));
  writeFileSync(join(sharded, "a.safetensors"), weights);
  const write = (bytes: Uint8Array | string): void => {
    writeFileSync(join(sharded, "model.safetensors.index.json"), bytes);
  };
  write(JSON.stringify(index));
  expect(open(sharded).kind).toBe("read");
  for (let i = 0; i < 150; i++) {
    write(damagedJson(Buffer.from(JSON.stringify(index)), random));
    open(sharded);
  }
  for (const file of ["../mistral/model.safetensors", "/etc/passwd", "..", "a\0.safetensors"]) {
    write(JSON.stringify({ weight_map: { ...index.weight_map, [names[0]!]: file } }));
    expect(open(sharded).kind).toBe("refused");
  }
});

it("a number of layers that no model has is refused before lists of it are made", () => {
  const place = join(folder, "layers");
  cpSync(join("fixtures", "checkpoints", "gemma2"), place, { recursive: true });
  const config = JSON.parse(readFileSync(join(place, "config.json"), "utf8")) as object;
  for (const nLayers of [4097, 2 ** 31, 2 ** 52]) {
    writeFileSync(
      join(place, "config.json"),
      JSON.stringify({ ...config, num_hidden_layers: nLayers, layer_types: null }),
    );
    const outcome = open(place);
    expect(outcome.kind === "refused" && outcome.error.found).toContain("at most 4096");
  }
});

it.each(["plain", "patterns", "saved"])(
  "an adapter (%s) with one damaged file is attached or refused",
  async (name) => {
    const base = await loadModel(join("fixtures", "lora", "llama", "base"), { adapters: ADAPTERS });
    const place = join(folder, `adapter-${name}`);
    cpSync(join("fixtures", "lora", "llama", name), place, { recursive: true });
    const files = ["adapter_config.json", "adapter_model.safetensors"] as const;
    const random = stream(4, `fuzz/folder/adapter/${name}`);
    for (let i = 0; i < 100; i++) {
      const file = files[random.int(2)]!;
      const whole = new Uint8Array(readFileSync(join(place, file)));
      const damaged = file.endsWith(".json") ? damagedJson(whole, random) : damage(whole, random);
      writeFileSync(join(place, file), damaged);
      outcomeOf(() => attachAdapter(base, place), `${file} ${i}`);
      writeFileSync(join(place, file), whole);
    }
    expect(outcomeOf(() => attachAdapter(base, place), "whole").kind).toBe("read");
  },
);
