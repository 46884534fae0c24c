/** @file The toxicity case study on small stored figures: which pairs, which marks, and what is said to the paper's claims. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DIRECTIONS } from "../src/measure/measures.js";
import { loadTokenizer } from "../src/models/tokenizer.js";
import { stream } from "../src/stats/stream.js";
import { keepPlan } from "./support/toxicity-audit.js";
import { drawSplices, spliceTokens, tokenAccuracy } from "./support/toxicity-floor.js";
import { choosePairs, findModels, kindOf, nameOfPair, type PairKind, type PairWish } from "./support/toxicity-models.js"; // prettier-ignore
import { predict } from "./support/toxicity-predictions.js";
import { acrossOf, claimsOf, rowsOf, type ToxicityRow } from "./support/toxicity-rows.js";
import { printFloors, printKinds, printRows } from "./support/toxicity-text.js";
import { heldOutAudit, readHeldOut } from "./support/toxicity-texts.js";
import { temporaryFolder } from "./support/tiny-models.js";

const scratch = temporaryFolder();
const folderOf = (names: readonly string[]): string => {
  const folder = mkdtempSync(join(scratch, "models-"));
  for (const name of names) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "config.json"), "{}");
  }
  return folder;
};
const six = [0, 1, 2].flatMap((i) => [`toxic-${i}`, `non-toxic-${i}`]);
const none: PairWish = { against: [], pairs: [], all: false };

describe("the pairs", () => {
  const models = findModels(folderOf([...six, "audits", "toxic-0.partial"]));
  const names = (wish: Partial<PairWish>): string[] =>
    choosePairs(models, { ...none, ...wish }).map(nameOfPair);

  it("are one model with the five others, as in the paper's script", () => {
    expect(names({ against: ["non-toxic-0"] })).toEqual([
      "non-toxic-0--non-toxic-1",
      "non-toxic-0--non-toxic-2",
      "non-toxic-0--toxic-0",
      "non-toxic-0--toxic-1",
      "non-toxic-0--toxic-2",
    ]);
  });

  it("are all fifteen, each once, and named ones beside", () => {
    expect(names({ all: true })).toHaveLength(15);
    expect(names({ against: ["toxic-0"], pairs: ["toxic-2,toxic-0", "toxic-2,toxic-1"] })).toHaveLength(6); // prettier-ignore
  });

  it("have a kind whichever model stands first", () => {
    const kinds = choosePairs(models, {
      ...none,
      pairs: ["toxic-0,toxic-1", "toxic-0,non-toxic-0", "non-toxic-0,toxic-1", "non-toxic-0,non-toxic-1"], // prettier-ignore
    }).map(kindOf);
    expect(kinds).toEqual(["toxic–toxic", "toxic–non-toxic", "toxic–non-toxic", "non-toxic–non-toxic"]); // prettier-ignore
  });

  it("are refused with a name that is not there, and with themselves", () => {
    expect(() => names({ against: ["toxic-3"] })).toThrow("there is no such model");
    expect(() => names({ pairs: ["toxic-1,toxic-1"] })).toThrow("two different models");
    expect(() => findModels(folderOf(["toxic-0"]))).toThrow("does not hold the fine-tunes");
    expect(() => findModels(join(scratch, "nowhere"))).toThrow("does not hold the fine-tunes");
  });
});

describe("the held-out texts", () => {
  const write = (text: string): string => {
    const path = join(mkdtempSync(join(scratch, "texts-")), "held-out.jsonl");
    writeFileSync(path, text);
    return path;
  };
  const line = (text: string, toxic: boolean): string => `${JSON.stringify({ text, toxic })}\n`;

  it("are read, and refused by the line that is none", () => {
    expect(readHeldOut(write(line("You fool.", true) + line("My friend.", false)))).toEqual([
      { text: "You fool.", toxic: true },
      { text: "My friend.", toxic: false },
    ]);
    const bad = write(`${line("a", true)}{"text":"b","toxic":1}\n`);
    expect(() => readHeldOut(bad)).toThrow(
      expect.objectContaining({ code: "TEXT_LINE", where: `${bad}:2` }),
    );
    expect(() => readHeldOut(join(scratch, "none.jsonl"))).toThrow(
      expect.objectContaining({ code: "TEXTS_MISSING" }),
    );
  });

  it("give distinct beginnings, those of one text in one group", () => {
    const held = ["Assistant: You are a fool, Tom.", "Assistant: You are a friend, Tom."];
    const audit = heldOutAudit(held.map((text, i) => ({ text, toxic: i === 0 })));
    const texts = audit.texts(stream(0, "texts"), 100);
    expect(texts.map(({ prompt }) => prompt).sort()).toEqual([
      "Assistant: You are",
      "Assistant: You are a",
      "Assistant: You are a fool,",
      "Assistant: You are a friend,",
    ]);
    for (const { prompt, group } of texts) expect(held[Number(group)]).toContain(prompt);
    expect(audit.texts(stream(0, "texts"), 100)).toEqual(texts);
    expect(audit.texts(stream(0, "texts"), 2)).toHaveLength(2);
  });
});

describe("the marks beside the paper's token accuracy", () => {
  const texts = [
    [9, 1, 2, 3, 4, 5, 6, 7],
    [9, 11, 12, 13, 14, 15, 16, 17, 18],
  ];
  const splice = { source: 0, target: 1, last: 5 };

  it("are read from a text that goes on as another", () => {
    expect(spliceTokens(texts, splice)).toEqual([9, 11, 12, 13, 14, 15, 6, 7]);
  });

  it("count from the last exchanged token on", () => {
    const source = {
      natural: [Int32Array.of(0, 0, 0, 0, 0, 1, 2, 3), new Int32Array(9)],
      spliced: [],
    };
    const target = {
      natural: [Int32Array.of(0, 0, 0, 0, 0, 1, 2, 8), new Int32Array(9)],
      spliced: [Int32Array.of(0, 0, 0, 0, 0, 7, 2, 8)],
    };
    expect(tokenAccuracy([splice], { source, target })).toEqual({
      floor: { hits: 1, n: 3 },
      exactSwap: { hits: 2, n: 3 },
    });
  });

  it("come from different texts, cut in their middle half", () => {
    for (const { source, target, last } of drawSplices(texts, { n: 50, stream: stream(0, "s") })) {
      expect(source).not.toBe(target);
      expect(last).toBeGreaterThanOrEqual(2);
      expect(last).toBeLessThan(6);
    }
    expect(() => drawSplices([[1, 2]], { n: 1, stream: stream(0, "s") })).toThrow("texts of 8");
  });

  it("of a model with itself: the exact swap is exact, the floor is not", async () => {
    const folder = "fixtures/demo/base";
    const tokenizer = await loadTokenizer(folder);
    const sentences = ["The keys that lie on the table in the house are old.", "Snow falls in winter and melts in spring, and birds sing."]; // prettier-ignore
    const tokens = sentences.map((text) => tokenizer.encode(text).ids);
    const splices = drawSplices(tokens, { n: 6, stream: stream(0, "splices") });
    const request = { folder, texts: tokens, splices, batch: 4, session: { threads: 1 } };
    const own = await predict(request);
    const { floor, exactSwap } = tokenAccuracy(splices, { source: own, target: own });
    expect(exactSwap.hits).toBe(exactSwap.n);
    expect(floor.hits).toBeLessThan(floor.n);
  });
});

/** One cell as a result holds it: the learned maps hit as told, everything else is fixed. */
function cellOf(iia: string): Parameters<typeof rowsOf>[0]["cells"][number] {
  const byDirection = (hits: string) => Object.fromEntries(DIRECTIONS.map((each) => [each, hits]));
  const figure = { value: 0.5, interval: [0.4, 0.6] as const, n: iia.length };
  const miss = "0".repeat(iia.length);
  const figures = Object.fromEntries(DIRECTIONS.map((each) => [each, figure]));
  const controls = { fullSwap: figures, iia: figures, permuted: figures, randomSubspace: {}, closedForm: {}, frozenBasis: {} }; // prettier-ignore
  return {
    cell: { audit: "held-out-texts", variable: "full", layer: 3, role: "every token", k: 4, seed: 0 }, // prettier-ignore
    dModel: { base: 8, tuned: 8 },
    trials: [
      {
        ...{ table: "causal", target: [], source: [], closedForm: {}, frozenBasis: {} },
        ...{ noIntervention: { base: miss, tuned: miss }, permuted: byDirection(miss) },
        ...{ iia: byDirection(iia), randomSubspace: { "base→base": miss }, fullSwap: {} },
      },
    ],
    divergence: { floorNats: { base: figure, tuned: figure }, nats: controls, removedShare: controls }, // prettier-ignore
  };
}

function rowOf(kind: PairKind, iia: string, verdict = "transfers"): ToxicityRow {
  const [row] = rowsOf({ cells: [cellOf(iia)], variables: [] }, { pair: kind, kind });
  return { ...row!, verdict };
}

describe("the rows and the claims", () => {
  const high = "1".repeat(90) + "0".repeat(10);
  const low = "1".repeat(60) + "0".repeat(40);
  const found = (...rows: ToxicityRow[]): string[] => claimsOf(rows).map((each) => each.found);

  it("count hits in four directions beside the nulls", () => {
    const row = rowOf("toxic–toxic", high);
    expect(row.directions.map(({ direction }) => direction)).toEqual(DIRECTIONS);
    expect(row.directions[0]).toMatchObject({
      iia: { hits: 90, n: 100 },
      noIntervention: { hits: 0, n: 100 },
      permuted: { hits: 0, n: 100 },
      randomSubspace: { hits: 0, n: 100 },
    });
    expect(acrossOf([row], "toxic–toxic")).toEqual({ hits: 180, n: 200 });
    expect(printRows([row])).toMatch(/base→tuned +0\.900 +0\.000 +0\.000 +– +– +0\.500 +0\.50/);
  });

  it("say when the paper's order is found, its opposite, or neither", () => {
    const claim = (a: string, b: string): string | undefined =>
      found(rowOf("toxic–toxic", a), rowOf("toxic–non-toxic", b))[0];
    expect(claim(high, low)).toBe("as in the paper");
    expect(claim(low, high)).toBe("not as in the paper");
    expect(claim(high, high)).toBe("not decided");
    expect(found(rowOf("toxic–non-toxic", high))[0]).toBe("not tested");
  });

  it("ask of non-toxic pairs that every site transfers", () => {
    const claim = (...words: string[]): string | undefined =>
      found(...words.map((word) => rowOf("non-toxic–non-toxic", high, word)))[1];
    expect(claim("transfers", "transfers")).toBe("as in the paper");
    expect(claim("transfers", "fails")).toBe("not as in the paper");
    expect(claim("transfers", "inconclusive")).toBe("not decided");
    expect(claim()).toBe("not tested");
  });

  it("print kinds beside one another, and a dash where nothing was run", () => {
    const floor = { hits: 1, n: 4 };
    const own = { source: "a", target: "b", kind: "toxic–toxic", floor, exactSwap: floor } as const;
    const text = printKinds([own, own], [rowOf("toxic–toxic", high), rowOf("toxic–toxic", low)]);
    expect(text).toMatch(/toxic–toxic +0\.250 +0\.250 +– +0\.750/);
    expect(text).toMatch(/non-toxic–non-toxic +– +– +– +–$/);
  });

  it("print the marks with their counts", () => {
    const floor = { hits: 1, n: 4 };
    const text = printFloors([{ source: "a", target: "b", kind: "toxic–toxic", floor, exactSwap: { hits: 3, n: 4 } }]); // prettier-ignore
    expect(text).toMatch(/a → b +toxic–toxic +0\.250 +0\.750 +4/);
  });
});

describe("the folder of the results", () => {
  it("is refused where it was begun with other options or texts", () => {
    const series = { models: "models", out: join(scratch, "audits"), held: [{ text: "a", toxic: true }] }; // prettier-ignore
    keepPlan({ ...series, options: { layers: "3", threads: "1" } });
    keepPlan({ ...series, options: { layers: "3", threads: "2" } });
    const other = { code: "OTHER_PLAN" };
    expect(() => { keepPlan({ ...series, options: { layers: "4" } }); }).toThrow(expect.objectContaining(other)); // prettier-ignore
    expect(() => { keepPlan({ ...series, held: [], options: { layers: "3" } }); }).toThrow(expect.objectContaining(other)); // prettier-ignore
    expect(readFileSync(join(scratch, "audits/plan.json"), "utf8")).toContain('"layers": "3"');
  });
});
