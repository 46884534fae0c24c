/** @file Which modules an adapter changes: PEFT's rules, with the cases that its own documentation warns of. */
import { describe, expect, it } from "vitest";
import type { AdapterConfig } from "../../../src/models/lora/adapter-config.js";
import { scalings, targetedModules } from "../../../src/models/lora/target-matching.js";

const PLAIN: AdapterConfig = {
  path: "adapter_config.json",
  r: 4,
  alpha: 8,
  rankPattern: [],
  alphaPattern: [],
  rankStabilised: false,
  loraBias: false,
  bias: "none",
  targets: [],
  excluded: [],
  layers: undefined,
  layersPatterns: [],
  saved: [],
};

const PATHS = [0, 1, 11].flatMap((l) =>
  ["self_attn.q_proj", "self_attn.v_proj", "mlp.up_proj"].map((m) => `model.layers.${l}.${m}`),
);
const CANDIDATES = [
  { path: "model.embed_tokens", isHead: false, isLinear: false },
  ...PATHS.map((path) => ({ path, isHead: false, isLinear: true })),
  { path: "lm_head", isHead: true, isLinear: true },
];

const targeted = (config: Partial<AdapterConfig>): string[] => [
  ...targetedModules({ ...PLAIN, ...config }, CANDIDATES),
];

describe("targets", () => {
  it("in a list match whole endings, at a dot", () => {
    expect(targeted({ targets: ["q_proj"] })).toEqual(PATHS.filter((p) => p.endsWith(".q_proj")));
    expect(targeted({ targets: ["proj"] })).toEqual([]);
    expect(targeted({ targets: ["lm_head"] })).toEqual(["lm_head"]);
  });

  it("as a pattern match the whole path, in Python's spelling", () => {
    expect(targeted({ targets: String.raw`model\.layers\.1\..*` })).toHaveLength(3);
    expect(targeted({ targets: "q_proj" })).toEqual([]);
    expect(targeted({ targets: String.raw`.*\.(?P<m>[qv])_proj\Z` })).toHaveLength(6);
  });

  it("all-linear are all linear layers but the head", () => {
    expect(targeted({ targets: "All-Linear" })).toEqual(PATHS);
  });

  it("leave out what is excluded, by list and by pattern, and what is saved whole", () => {
    const targets = ["q_proj", "v_proj", "lm_head"];
    expect(targeted({ targets, excluded: ["layers.0.self_attn.q_proj", "v_proj"] })).toHaveLength(
      3,
    );
    expect(targeted({ targets, excluded: String.raw`.*\.0\..*` })).toHaveLength(5);
    expect(targeted({ targets, saved: ["lm_head"] })).toHaveLength(6);
    expect(targeted({ targets, saved: ["self_attn"] })).toEqual(["lm_head"]);
  });

  it("keep to the layers named; layer 1 is not layer 11", () => {
    expect(targeted({ targets: ["q_proj"], layers: [1] })).toEqual([PATHS[3]]);
    expect(targeted({ targets: ["q_proj"], layers: [1], layersPatterns: ["layers"] })).toEqual([
      PATHS[3],
    ]);
    expect(targeted({ targets: ["q_proj"], layers: [1], layersPatterns: ["h"] })).toEqual([]);
    // a path in full is taken whatever its layer
    expect(targeted({ targets: [PATHS[0]!, "v_proj"], layers: [1] })).toEqual([PATHS[0], PATHS[4]]);
  });

  it("end within two seconds, whatever the pattern", () => {
    const paths = [{ path: `model.${"a".repeat(60)}!`, isHead: false, isLinear: true }];
    const config = { ...PLAIN, targets: "model\\.(a+)+$" };
    expect(() => targetedModules(config, paths)).toThrow(
      expect.objectContaining({ code: "ADAPTER_PATTERN" }) as Error,
    );
    expect(() => targeted({ targets: "(" })).toThrow(
      expect.objectContaining({ code: "ADAPTER_PATTERN" }) as Error,
    );
  });
});

describe("the factor", () => {
  it("is α / r, or α / √r where rank-stabilised", () => {
    expect(scalings(PLAIN, ["a.b"]).get("a.b")).toEqual({ rank: 4, scale: 2 });
    expect(scalings({ ...PLAIN, rankStabilised: true }, ["a.b"]).get("a.b")?.scale).toBe(4);
  });

  it("follows the first pattern that matches an ending", () => {
    const config: AdapterConfig = {
      ...PLAIN,
      rankPattern: [
        [String.raw`layers\.1\.self_attn\.q_proj`, 16],
        ["q_proj", 2],
      ],
      alphaPattern: [["v_proj", 1]],
    };
    const found = scalings(config, PATHS);
    expect(found.get(PATHS[0]!)).toEqual({ rank: 2, scale: 4 });
    expect(found.get(PATHS[3]!)).toEqual({ rank: 16, scale: 0.5 });
    expect(found.get(PATHS[1]!)).toEqual({ rank: 4, scale: 0.25 });
    expect(found.get(PATHS[2]!)).toEqual({ rank: 4, scale: 2 });
  });
});
