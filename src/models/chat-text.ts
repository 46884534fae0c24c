/**
 * @file A conversation as the text that a model reads, by the model's own template.
 *
 * A last message of the assistant is the beginning of its answer: it stands right after what the template writes to
 * open the assistant's turn, and nothing closes the turn. Some templates open the turn with more than its header (those
 * of DeepSeek-R1's distillations add `<think>`), others add an empty thought before an answer that is given (Qwen3's).
 * Neither stands before the beginning that an item names, or the answer would not begin where the item says. So the
 * header is what the template's text for an answer to come and its text for an answer that is there have in common.
 */
import type { PreTrainedTokenizer } from "@huggingface/transformers";
import { PlanError } from "../errors.js";
import type { ChatMessage } from "../plan/audit.js";

/** How messages become text. */
export interface Chat {
  readonly messages: readonly ChatMessage[];
  /** Jinja; `undefined` where the tokenizer has none. */
  readonly template: string | undefined;
  /** Folder of the tokenizer, for messages. */
  readonly folder: string;
}

/**
 * The text up to where the assistant goes on.
 *
 * @throws {@link PlanError} `NO_CHAT_TEMPLATE`, `CHAT_TEMPLATE_FAILED`.
 */
export function renderChat(inner: PreTrainedTokenizer, chat: Chat): string {
  const last = chat.messages.at(-1);
  if (last?.role !== "assistant") return render(inner, chat, "open");
  const asked = chat.messages.slice(0, -1);
  return openTurn(inner, { ...chat, messages: asked }) + last.content;
}

/** Private-use characters: no template has or changes them. */
const MARK = "\uE0A7mas\uE0A8";

/** The conversation and the header of the assistant's turn, with nothing of an answer. */
function openTurn(inner: PreTrainedTokenizer, chat: Chat): string {
  const marked: ChatMessage = { role: "assistant", content: MARK };
  const coming = render(inner, chat, "open");
  const given = render(inner, { ...chat, messages: [...chat.messages, marked] }, "closed");
  const answer = given.lastIndexOf(MARK);
  const before = given.slice(0, Math.max(0, answer));
  const header =
    before.startsWith(coming) && before.trimEnd() === coming.trimEnd()
      ? before
      : commonStart(coming, before);
  const asked = render(inner, chat, "closed");
  if (answer !== -1 && header.length >= asked.length) return header;
  throw new PlanError("the chat template does not let an answer be begun", {
    code: "CHAT_TEMPLATE_FAILED",
    where: chat.folder,
    expected: "a template that writes the assistant's message after the messages before it",
    found: answer === -1 ? "none of its text" : "other text before it than without it",
    hint: "leave the assistant's message out of the audit, or give prompts instead of messages",
  });
}

function commonStart(a: string, b: string): string {
  let end = 0;
  while (end < a.length && a[end] === b[end]) end++;
  return a.slice(0, end);
}

/** @param turn - `open`: the template is asked to open the assistant's turn. */
function render(
  inner: PreTrainedTokenizer,
  { messages, template, folder }: Chat,
  turn: "open" | "closed",
): string {
  if (template === undefined) {
    throw new PlanError("the audit holds chat messages, and the tokenizer has no chat template", {
      code: "NO_CHAT_TEMPLATE",
      where: folder,
      expected: "chat_template in tokenizer_config.json, or a file chat_template.jinja",
      found: "neither",
      hint: "give prompts instead of messages, or a tokenizer that has a template with --tokenizer DIR",
    });
  }
  try {
    return inner.apply_chat_template([...messages], {
      chat_template: template,
      add_generation_prompt: turn === "open",
      tokenize: false,
    });
  } catch (cause) {
    throw new PlanError("the chat template refuses the messages", {
      code: "CHAT_TEMPLATE_FAILED",
      where: folder,
      expected: `a template that takes ${messages.map(({ role }) => role).join(", ")}`,
      found: cause instanceof Error ? cause.message : String(cause),
      hint: "change the messages of the audit (many templates take no system message), or give prompts",
      cause,
    });
  }
}
