/** @file Adapters that are not what they should be: every mistake is named, none is passed over. */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { ADAPTERS } from "../../../adapters/index.js";
import { ModelFormatError } from "../../../src/errors.js";
import { loadModel } from "../../../src/models/load.js";
import type { LocatedModel } from "../../../src/models/located.js";
import { ADAPTER_KEYS, REWRITES_BASE } from "../../../src/models/lora/adapter-keys.js";
import { attachAdapter } from "../../../src/models/lora/attach.js";
import {
  encodeSafetensors,
  readSafetensors,
  type StoredTensor,
} from "../../../src/store/safetensors.js";
import { temporaryFolder } from "../../support/tiny-models.js";

const fixtures = fileURLToPath(new URL("../../../fixtures/lora/llama", import.meta.url));
const folder = temporaryFolder();

let base: LocatedModel;
beforeAll(async () => {
  base = await loadModel(join(fixtures, "base"), { adapters: ADAPTERS });
});

type Json = Record<string, unknown>;
type Tensors = Map<string, StoredTensor>;

let made = 0;

/** The plain adapter with changes. */
function altered({
  config,
  tensors,
}: {
  config?: (json: Json) => void;
  tensors?: (t: Tensors) => void;
}): string {
  const place = join(folder, `adapter-${++made}`);
  cpSync(join(fixtures, "plain"), place, { recursive: true });
  const configPath = join(place, "adapter_config.json");
  const json = JSON.parse(readFileSync(configPath, "utf8")) as Json;
  config?.(json);
  writeFileSync(configPath, JSON.stringify(json));
  const weights = join(place, "adapter_model.safetensors");
  const all = new Map(readSafetensors(weights).tensors);
  tensors?.(all);
  writeFileSync(weights, encodeSafetensors(all));
  return place;
}

function refusalOf(place: string): ModelFormatError {
  try {
    attachAdapter(base, place);
  } catch (error) {
    expect(error).toBeInstanceOf(ModelFormatError);
    return error as ModelFormatError;
  }
  throw new Error("the adapter was accepted");
}

const Q = "base_model.model.model.layers.0.self_attn.q_proj";

describe("a configuration", () => {
  const refused = Object.entries(ADAPTER_KEYS).filter(([, row]) => typeof row === "object");

  it.each(refused.map(([key]) => key))("that switches on %j is refused by its name", (key) => {
    const error = refusalOf(altered({ config: (json) => (json[key] = { on: true }) }));
    expect(error.code).toBe("ADAPTER_UNSUPPORTED");
    expect(error.found).toContain(`"${key}"`);
  });

  it.each(REWRITES_BASE)("whose start %j rewrote the base is refused", (start) => {
    const error = refusalOf(
      altered({ config: (json) => (json["init_lora_weights"] = `${start}_niter_4`) }),
    );
    expect(error.found).toContain(start);
  });

  it("names everything that it switches on, and every unknown key, at once", () => {
    const error = refusalOf(
      altered({
        config: (json) => {
          json["use_dora"] = true;
          json["layer_replication"] = [[0, 2]];
          json["from_the_future"] = 1;
        },
      }),
    );
    expect(error.found).toMatch(/"use_dora".*"layer_replication"|"layer_replication".*"use_dora"/);
    expect(error.found).toContain('"from_the_future": a key that is not known');
  });

  it("of another method is refused by name", () => {
    const error = refusalOf(altered({ config: (json) => (json["peft_type"] = "IA3") }));
    expect(error).toMatchObject({ code: "ADAPTER_METHOD", found: '"IA3"' });
  });

  it("with values of the wrong kind names each", () => {
    const error = refusalOf(
      altered({
        config: (json) => {
          json["r"] = "four";
          json["rank_pattern"] = { q_proj: -1 };
        },
      }),
    );
    expect(error.code).toBe("ADAPTER_CONFIG");
    expect(error.found).toMatch(/"r".*"rank_pattern\.q_proj"/);
  });

  it("with an unused leftover of EVA, LoftQ or CorDA is accepted", () => {
    const place = altered({
      config: (json) => {
        json["eva_config"] = { rho: 2 };
        json["loftq_config"] = { loftq_bits: 4 };
        json["corda_config"] = { corda_method: "ipm" };
      },
    });
    expect(attachAdapter(base, place).lora?.products).toHaveLength(4);
  });
});

describe("tensors", () => {
  it("without a place and targets without tensors are all listed", () => {
    const error = refusalOf(
      altered({
        tensors: (all) => {
          for (const part of ["lora_A", "lora_B"]) {
            const name = `${Q}.${part}.weight`;
            all.set(`${Q.replace("q_proj", "o_proj")}.${part}.weight`, all.get(name)!);
            all.set(`${Q.replace(".0.", ".7.")}.${part}.weight`, all.get(name)!);
            all.delete(name);
          }
        },
      }),
    );
    expect(error.code).toBe("ADAPTER_MISMATCH");
    expect(error.found).toContain(
      'the targeted module "model.layers.0.self_attn.q_proj" has no tensors',
    );
    expect(error.found).toContain('"model.layers.7.self_attn.q_proj": no node of the base');
    expect(error.found).toContain(
      '"model.layers.0.self_attn.o_proj" has tensors, but target_modules',
    );
  });

  it("of another rank or width than the configuration and the base say are refused", () => {
    const rank = refusalOf(altered({ config: (json) => (json["r"] = 3) }));
    expect(rank.found).toContain("is [4, 16], expected [3, 16]");
    const width = refusalOf(
      altered({
        tensors: (all) => {
          const old = all.get(`${Q}.lora_B.weight`)!;
          all.set(`${Q}.lora_B.weight`, { ...old, shape: [15, 4], bytes: old.bytes.slice(0, 240) });
        },
      }),
    );
    expect(width.found).toContain("is [15, 4], expected [16, 4]");
  });

  it("of which half is missing are refused", () => {
    const error = refusalOf(altered({ tensors: (all) => all.delete(`${Q}.lora_B.weight`) }));
    expect(error.found).toContain("needs lora_A, lora_B and nothing else");
  });

  it("of no known kind are refused by name", () => {
    const error = refusalOf(
      altered({
        tensors: (all) => {
          all.set(`${Q}.lora_magnitude_vector`, all.get(`${Q}.lora_A.weight`)!);
          all.set("stray", all.get(`${Q}.lora_A.weight`)!);
        },
      }),
    );
    expect(error).toMatchObject({ code: "ADAPTER_TENSORS" });
    expect(error.found).toMatch(/lora_magnitude_vector.*"stray"/);
  });

  it("saved whole without being asked for, or asked for and not there, are refused", () => {
    const stray = refusalOf(
      altered({
        tensors: (all) => {
          const bytes = new Uint8Array(64);
          all.set("base_model.model.model.norm.weight", { dtype: "F32", shape: [16], bytes });
        },
      }),
    );
    expect(stray.found).toContain("neither in modules_to_save nor a bias");
    const absent = refusalOf(
      altered({ config: (json) => (json["modules_to_save"] = ["lm_head"]) }),
    );
    expect(absent.found).toContain('no tensor belongs to "lm_head"');
  });
});

describe("a folder", () => {
  it("that is not there, or has no weights, is refused with what to give", () => {
    expect(refusalOf(join(folder, "nothing")).code).toBe("ADAPTER_MISSING");
    const place = altered({});
    rmSync(join(place, "adapter_model.safetensors"));
    expect(refusalOf(place)).toMatchObject({ code: "ADAPTER_MISSING", found: "no such file" });
    writeFileSync(join(place, "adapter_model.bin"), "");
    expect(refusalOf(place).hint).toContain("safe_serialization");
    rmSync(join(place, "adapter_config.json"));
    expect(refusalOf(place).code).toBe("ADAPTER_CONFIG");
  });
});
