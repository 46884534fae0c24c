/**
 * @file Where the assistant goes on: the templates of real models, cut down to the turns that are used here.
 */
import { describe, expect, it } from "vitest";
import { MasAuditError } from "../../src/errors.js";
import { prepareAudit } from "../../src/models/prepared-items.js";
import type { ChatMessage, CausalAudit } from "../../src/plan/audit.js";
import { loadRealTokenizer, realTokenizer } from "../support/real-tokenizers.js";

/** What DeepSeek-R1's distillations do: they open every answer with a thought, and drop thoughts of earlier answers. */
const DEEPSEEK =
  "{% for message in messages %}{% if message['role'] == 'user' %}{{ '<｜User｜>' + message['content'] }}{% endif %}" +
  "{% if message['role'] == 'assistant' %}{% set content = message['content'] %}{% if '</think>' in content %}" +
  "{% set content = content.split('</think>')[-1] %}{% endif %}{{ '<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>' }}" +
  "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<｜Assistant｜><think>\\n' }}{% endif %}";

/** What Qwen3 does: an answer that is there gets an empty thought before it. */
const QWEN3 =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}{% if loop.last and message['role'] == 'assistant' %}" +
  "{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}{{ message['content'] + '<|im_end|>\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** What Llama 2 does: the header of an answer is a space, which is not written when an answer is to come. */
const LLAMA2 =
  "{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}" +
  "{% else %}{{ ' ' + message['content'] + ' </s>' }}{% endif %}{% endfor %}";

/** A template that leaves answers out. */
const DEAF =
  "{% for message in messages %}{% if message['role'] == 'user' %}{{ message['content'] }}{% endif %}{% endfor %}";

const user: ChatMessage = { role: "user", content: "Hello?" };
const begun = (content: string): ChatMessage[] => [user, { role: "assistant", content }];

describe("a chat that ends with the user", () => {
  it("is rendered up to where the template opens the answer, a thought included", async () => {
    const tokenizer = await loadRealTokenizer("gpt2", DEEPSEEK);
    expect(tokenizer.chat([user]).text).toBe("<｜User｜>Hello?<｜Assistant｜><think>\n");
  });
});

describe("a chat that ends with the beginning of an answer", () => {
  it.each([
    ["DeepSeek-R1's", DEEPSEEK, "<｜User｜>Hello?<｜Assistant｜>"],
    ["Qwen3's", QWEN3, "<|im_start|>user\nHello?<|im_end|>\n<|im_start|>assistant\n"],
    ["Llama 2's", LLAMA2, "[INST] Hello? [/INST] "],
  ])("stands right after the header of %s template", async (_name, template, header) => {
    const tokenizer = await loadRealTokenizer("gpt2", template);
    for (const prefix of [
      "",
      "Sure",
      "<think>\n\n</think>\n\n",
      "<think>\nShort.\n</think>\n\nI",
    ]) {
      expect(tokenizer.chat(begun(prefix)).text).toBe(header + prefix);
    }
  });

  it.each(["smollm2", "qwen2_5", "gpt2"] as const)(
    "adds its text and nothing else to what %s would go on from",
    async (name) => {
      const tokenizer = await realTokenizer(name);
      const open = tokenizer.chat([user]).text;
      expect(tokenizer.chat(begun("")).text).toBe(open);
      expect(tokenizer.chat(begun("The answer is")).text).toBe(`${open}The answer is`);
      expect(open).toMatch(/assistant:?\n$/);
    },
  );

  it("has its last token as the position of the answer, and its spans in the user's words", async () => {
    const audit: CausalAudit = {
      ...{ id: "greeting", title: "", question: "", why: "", references: [] },
      variables: { size: ["small", "large"] },
      by: ["size"],
      answers: { a: [" a"], b: [" b"] },
      outcome: ({ size }) => (size === "small" ? "a" : "b"),
      items: () => [],
      sites: ["last", "word"],
    };
    const tokenizer = await loadRealTokenizer("gpt2", DEEPSEEK);
    const { items } = prepareAudit(
      audit,
      ["small", "large"].map((size) => ({
        messages: begun("<think>\n\n</think>\n\nIt is"),
        values: { size },
        spans: { word: [0, 5] },
      })),
      { tokenizer, vocab: tokenizer.size },
    );
    for (const { ids, positions } of items) {
      expect(tokenizer.spell(ids[positions["last"]!]!)).toBe("Ġis");
      expect(tokenizer.spell(ids[positions["word"]!]!)).toBe("Hello");
    }
  });

  it("is refused where the template leaves it out", async () => {
    const tokenizer = await loadRealTokenizer("gpt2", DEAF);
    expect(() => tokenizer.chat(begun("Sure"))).toThrow(MasAuditError);
    expect(() => tokenizer.chat(begun("Sure"))).toThrow("does not let an answer be begun");
    expect(tokenizer.chat([user]).text).toBe("Hello?");
  });
});
