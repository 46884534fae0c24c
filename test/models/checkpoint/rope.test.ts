import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ConfigReader } from "../../../src/models/checkpoint/config-reader.js";
import { readRope, type Rope } from "../../../src/models/checkpoint/rope.js";
import type { Json } from "../../../src/models/json-object.js";
import { checkpointFixture } from "../../support/checkpoints.js";

/** One power and a few products, each rounded to float32, by two mathematics libraries: eight units in the last place. */
const RELATIVE = 8 * 2 ** -23;

interface Row {
  readonly config: Json;
  readonly inverse: readonly number[];
  readonly long?: readonly number[];
  readonly amplitude: number;
}

const ROWS = JSON.parse(readFileSync(checkpointFixture("rope.json"), "utf8")) as Row[];

function ropeOf(config: Json): Rope {
  const number = (key: string): number | undefined => config[key] as number | undefined;
  return readRope(new ConfigReader(config, "config.json"), {
    dHead: number("head_dim")!,
    contextLength: number("max_position_embeddings")!,
    originalContext: number("original_max_position_embeddings"),
  });
}

function worst(found: readonly number[], expected: readonly number[]): number {
  expect(found.length).toBe(expected.length);
  return Math.max(...found.map((x, i) => Math.abs(x / expected[i]! - 1)));
}

describe("inverse frequencies", () => {
  for (const { config, inverse, long, amplitude } of ROWS) {
    const scaling = config["rope_scaling"] as Json | undefined;
    it(`are those of transformers: ${JSON.stringify(scaling ?? config)}`, () => {
      const rope = ropeOf(config);
      const { frequencies } = rope;
      if (frequencies.kind === "by-length") {
        expect(worst(frequencies.short, inverse)).toBeLessThan(RELATIVE);
        expect(worst(frequencies.long, long!)).toBeLessThan(RELATIVE);
        expect(frequencies.threshold).toBe(4096);
      } else expect(worst(frequencies.inverse, inverse)).toBeLessThan(RELATIVE);
      expect(Math.abs(rope.amplitude / amplitude - 1)).toBeLessThan(RELATIVE);
    });
  }

  it("the comparison notices another base", () => {
    const { config, inverse } = ROWS[0]!;
    const { frequencies } = ropeOf({ ...config, rope_theta: 10_001 });
    expect(
      frequencies.kind === "fixed" ? worst(frequencies.inverse, inverse) : Infinity,
    ).toBeGreaterThan(RELATIVE);
  });

  it("of transformers 5's spelling are the same", () => {
    for (const { config } of ROWS) {
      const { rope_theta, rope_scaling, partial_rotary_factor, ...rest } = config;
      const rope_parameters = {
        rope_type: "default",
        ...(rope_scaling as Json | undefined),
        rope_theta,
        ...(partial_rotary_factor === undefined ? {} : { partial_rotary_factor }),
      };
      expect(ropeOf({ ...rest, rope_parameters })).toEqual(ropeOf(config));
    }
  });
});

describe("a rotation that is not understood", () => {
  const mistakes = (config: Json): string => {
    const reader = new ConfigReader(config, "config.json");
    readRope(reader, { dHead: 64, contextLength: 128 });
    try {
      reader.finish({ harmless: [], mustEqual: {} });
    } catch (error) {
      return (error as { found: string }).found;
    }
    return "nothing";
  };

  it("is named by its type", () => {
    expect(mistakes({ rope_scaling: { rope_type: "mrope" } })).toMatch(
      /^"rope_scaling.rope_type" is "mrope", expected default, linear/,
    );
  });

  it("is named by a key of its own that is not known", () => {
    expect(mistakes({ rope_scaling: { type: "linear", factor: 2, mrope_section: [8] } })).toBe(
      '"rope_scaling.mrope_section": [8] is not known for this family',
    );
  });

  it("is named where a number is missing", () => {
    expect(mistakes({ rope_scaling: { type: "linear" } })).toBe(
      '"rope_scaling.factor" is absent, expected a number',
    );
  });

  it("is none where both spellings say the same, and refused where they do not", () => {
    const linear = { rope_type: "linear", factor: 2 };
    expect(mistakes({ rope_scaling: linear, rope_parameters: linear })).toBe("nothing");
    expect(mistakes({ rope_scaling: { ...linear, factor: 3 }, rope_parameters: linear })).toMatch(
      /^"rope_scaling" is /,
    );
  });

  it("is refused when two spellings contradict each other", () => {
    expect(mistakes({ rope_theta: 5, rope_parameters: { rope_theta: 6 } })).toBe(
      '"rope_theta" is 5, expected 6, as elsewhere',
    );
  });
});
