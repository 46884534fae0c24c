/**
 * @file Layer specs: what comes out is ascending, each layer once, and exists.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  layersText,
  parseLayerSpec,
  resolveLayers,
  type LayerSpec,
} from "../../src/plan/layers.js";

const spec = (text: string): LayerSpec => {
  const parsed = parseLayerSpec(text);
  if ("kind" in parsed) return parsed;
  throw new Error(JSON.stringify(parsed));
};
const layers = (text: string, nLayers: number): readonly number[] =>
  resolveLayers(spec(text), nLayers);
const depth = fc.integer({ min: 1, max: 200 });

describe("layers of any spec", () => {
  const specs = fc.oneof(
    fc.constant("all"),
    fc.integer({ min: 1, max: 300 }).map((n) => `spread:${n}`),
    fc.constant("every:1"),
  );

  it("ascend, stand once, and lie within the model", () => {
    fc.assert(
      fc.property(specs, depth, (text, nLayers) => {
        const found = layers(text, nLayers);
        expect(found.length).toBeGreaterThan(0);
        expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
        expect(found.every((layer) => layer >= 0 && layer <= nLayers)).toBe(true);
      }),
    );
  });

  it("do not depend on the order in which a list was typed", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(30), { minLength: 1 }), (list) => {
        expect(layers(list.join(","), 30)).toEqual([...list].sort((a, b) => a - b));
      }),
    );
  });
});

describe("spread layers", () => {
  it("end at the last block, leave out the embedding, and are as many as asked where they exist", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), depth, (n, nLayers) => {
        const found = layers(`spread:${n}`, nLayers);
        expect(found.at(-1)).toBe(nLayers);
        expect(found[0]).toBeGreaterThan(0);
        expect(found).toHaveLength(Math.min(n, nLayers));
      }),
    );
  });

  it("are in even steps", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), depth, (n, nLayers) => {
        const found = [0, ...layers(`spread:${n}`, nLayers)];
        const steps = found.slice(1).map((layer, i) => layer - found[i]!);
        expect(Math.max(...steps) - Math.min(...steps)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

it.each([
  ["3,7-9", 12, [3, 7, 8, 9]],
  ["0", 12, [0]],
  [" 2 , 1", 12, [1, 2]],
  ["every:4", 30, [4, 8, 12, 16, 20, 24, 28]],
  ["every:4", 4, [4]],
  ["spread:8", 30, [4, 8, 11, 15, 19, 23, 26, 30]],
  ["spread:8", 6, [1, 2, 3, 4, 5, 6]],
  ["all", 3, [0, 1, 2, 3]],
])("%j of a model with %i blocks is %j", (text, nLayers, expected) => {
  expect(layers(text, nLayers)).toEqual(expected);
});

const FORMS = 'layers such as "3,7-9", "every:4", "spread:8" or "all"';

describe("a spec that is none", () => {
  it.each([
    "",
    "x",
    "3;4",
    "-1",
    "1.5",
    "3,,4",
    "every:0",
    "every:x",
    "every",
    "1e3",
    "3-",
    "every:1000000",
  ])("%j is refused with the forms there are", (text) => {
    expect(parseLayerSpec(text)).toMatchObject([{ what: "--layers", expected: FORMS }]);
  });

  it.each([
    ["evry:4", 'did you mean "every"?'],
    ["spraed:8", 'did you mean "spread"?'],
    ["al", 'did you mean "all"?'],
  ])("%j is refused with %s", (text, hint) => {
    expect(parseLayerSpec(text)).toMatchObject([{ expected: FORMS, found: `"${text}"`, hint }]);
  });

  it("has all of its mistakes reported", () => {
    expect(parseLayerSpec("9-7,3,x")).toEqual([
      {
        what: "--layers",
        expected: "a range from low to high",
        found: '"9-7"',
        hint: 'did you mean "7-9"?',
      },
      { what: "--layers", expected: FORMS, found: '"x"' },
    ]);
  });
});

describe("layers that a model of 12 blocks lacks", () => {
  const thrown = (text: string): unknown => {
    try {
      return layers(text, 12);
    } catch (error) {
      return error;
    }
  };
  const exists = "layers from 0 (embedding) to 12 (after the last block)";

  it("are refused, with the range that exists", () => {
    expect(thrown("9-14")).toMatchObject({
      exitCode: 2,
      code: "NO_SUCH_LAYER",
      message: "--layers",
      expected: exists,
      found: '"9-14"',
      hint: 'did you mean "9-12"?',
    });
  });

  it("are refused all at once", () => {
    expect(thrown("3,13,20-22")).toMatchObject({
      code: "NO_SUCH_LAYER",
      message: `--layers: 2 mistakes\n--layers: expected ${exists}, found "13"\n--layers: expected ${exists}, found "20-22"`,
    });
  });

  it("are refused as a step", () => {
    expect(thrown("every:13")).toMatchObject({
      code: "NO_SUCH_LAYER",
      expected: "a step from 1 to 12 (the model has 12 blocks)",
      found: '"every:13"',
    });
  });

  it("are refused when they stand twice", () => {
    expect(thrown("3,2-4,3")).toMatchObject({
      code: "LAYER_TWICE",
      expected: "every layer once",
      found: "layer 3 more than once",
    });
  });
});

describe("layers in words", () => {
  it("are read as they are written", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(40), { minLength: 1 }), (numbers) => {
        const ascending = numbers.sort((a, b) => a - b);
        expect(resolveLayers(spec(layersText(ascending)), 40)).toEqual(ascending);
      }),
    );
    expect(layersText([3, 7, 8, 9])).toBe("3,7-9");
  });
});
