/** @file Loading a tokenizer, and telling two apart. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatError } from "../../src/cli/format-error.js";
import { compareTokenizers } from "../../src/models/compare-tokenizers.js";
import { loadTokenizer } from "../../src/models/tokenizer.js";
import { TOKENIZERS } from "../support/tokenizers.js";

let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tokenizer-"));
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

/** The parts of `tokenizer.json` that the tests change. */
interface Json {
  model: { vocab: Record<string, number>; merges: unknown[] };
  normalizer: unknown;
  post_processor: { single: unknown[] };
}

/** A copy of the tiny Llama tokenizer with changes. */
function copy(name: string, change: (json: Json) => void): string {
  const folder = join(scratch, name);
  cpSync(TOKENIZERS["llama-tiny"], folder, { recursive: true });
  const path = join(folder, "tokenizer.json");
  const json = JSON.parse(readFileSync(path, "utf8")) as Json;
  change(json);
  writeFileSync(path, JSON.stringify(json));
  return folder;
}

async function printed(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
  } catch (error) {
    return formatError(error, { verbose: false, colour: false }).replaceAll(scratch, "SCRATCH");
  }
  throw new Error("nothing was thrown");
}

test("a folder without a tokenizer is named, with the option that helps", async () => {
  expect(await printed(() => loadTokenizer(join(scratch, "nothing"))))
    .toBe(`TOKENIZER_MISSING the audit holds text, and there is no tokenizer beside the model: expected tokenizer.json and tokenizer_config.json, found no tokenizer.json
  at    SCRATCH/nothing
  hint  name the folder of the tokenizer with --tokenizer DIR, or use an audit of token ids
`);
});

test("a broken tokenizer.json is refused", async () => {
  const folder = copy("broken", () => undefined);
  writeFileSync(join(folder, "tokenizer.json"), "{");
  expect(await printed(() => loadTokenizer(folder))).toContain(
    "TOKENIZER_UNREADABLE the tokenizer cannot be read",
  );
});

test("a tokenizer_config.json that holds a list is refused", async () => {
  const folder = copy("listed", () => undefined);
  writeFileSync(join(folder, "tokenizer_config.json"), "[]");
  expect(await printed(() => loadTokenizer(folder))).toBe(
    `TOKENIZER_UNREADABLE the tokenizer cannot be read: expected a JSON object, found another JSON value
  at    SCRATCH/listed/tokenizer_config.json
  hint  save it again with \`tokenizer.save_pretrained\`
`,
  );
});

test("special tokens before a text are kept, those after it are not, because a prompt goes on", async () => {
  const folder = copy("eos", (json) => {
    json.post_processor.single.push({ SpecialToken: { id: "</s>", type_id: 0 } });
  });
  const tokenizer = await loadTokenizer(folder);
  const encoded = tokenizer.encode("The keys");
  expect(encoded.leading).toBe(1);
  expect(encoded.ids.map((id) => tokenizer.spell(id))).toEqual(["<s>", "▁The", "▁keys"]);
});

test("a chat without a template is refused", async () => {
  const tokenizer = await loadTokenizer(TOKENIZERS.gpt2);
  const text = await printed(() =>
    Promise.resolve().then(() => tokenizer.chat([{ role: "user", content: "hi" }])),
  );
  expect(text.split("\n")[0]).toBe(
    `NO_CHAT_TEMPLATE the audit holds chat messages, and the tokenizer has no chat template: expected chat_template in tokenizer_config.json, or a file chat_template.jinja, found neither`,
  );
});

test("chat_template.jinja holds before the template in the configuration", async () => {
  const folder = copy("jinja", () => undefined);
  writeFileSync(join(folder, "chat_template.jinja"), "{{ messages[0]['content'] }}?");
  const tokenizer = await loadTokenizer(folder);
  expect(tokenizer.chat([{ role: "user", content: "The key" }]).text).toBe("The key?");
  const base = await loadTokenizer(TOKENIZERS["llama-tiny"]);
  expect(base.chat([{ role: "user", content: "The key" }]).text).toBe(
    "[user] The key</s>[assistant]",
  );
});

describe("two models", () => {
  test("with the same tokenizer pass", async () => {
    const base = await loadTokenizer(TOKENIZERS["llama-tiny"]);
    const tuned = await loadTokenizer(copy("same", () => undefined));
    expect(base.digest).not.toBe(tuned.digest);
    expect(compareTokenizers(base, tuned)).toEqual([]);
  });

  test("with two words exchanged differ at the first of them", async () => {
    const folder = copy("exchanged", ({ model: { vocab } }) => {
      const [is, are] = [vocab["▁is"]!, vocab["▁are"]!];
      vocab["▁is"] = are;
      vocab["▁are"] = is;
    });
    const base = await loadTokenizer(TOKENIZERS["llama-tiny"]);
    const tuned = await loadTokenizer(folder);
    const text = await printed(() => Promise.resolve().then(() => compareTokenizers(base, tuned)));
    expect(text.replace(TOKENIZERS["llama-tiny"], "BASE"))
      .toBe(`TOKENIZERS_DIFFER the two models have different tokenizers: expected token 327 spelt "▁is", as in the base (396 tokens), found "▁are" (396 tokens)
  at    BASE and SCRATCH/exchanged
  hint  an audit asks both models the same ids; where the tuned one was only saved with another tokenizer, name the right one with --tokenizer DIR
`);
  });

  test("with a token more differ at its id", async () => {
    const folder = copy("more", ({ model: { vocab } }) => {
      vocab["more"] = Object.keys(vocab).length;
    });
    const base = await loadTokenizer(TOKENIZERS["llama-tiny"]);
    const tuned = await loadTokenizer(folder);
    const text = await printed(() => Promise.resolve().then(() => compareTokenizers(base, tuned)));
    expect(text).toMatch(
      /expected token \d+ spelt not at all, as in the base \(\d+ tokens\), found "more"/,
    );
  });

  test("with the same words but other merges or another normaliser differ there", async () => {
    const folder = copy("merges", (json) => {
      json.model.merges.reverse();
      json.normalizer = null;
    });
    const base = await loadTokenizer(TOKENIZERS["llama-tiny"]);
    const tuned = await loadTokenizer(folder);
    const text = await printed(() => Promise.resolve().then(() => compareTokenizers(base, tuned)));
    expect(text).toContain("expected the same normaliser, merges in tokenizer.json");
  });

  test("with other chat templates are warned of it", async () => {
    const folder = copy("template", () => undefined);
    writeFileSync(join(folder, "chat_template.jinja"), "x");
    const warnings = compareTokenizers(
      await loadTokenizer(TOKENIZERS["llama-tiny"]),
      await loadTokenizer(folder),
    );
    expect(warnings).toEqual([
      "the chat templates of the two models differ; both are asked in the base's template",
    ]);
  });
});
