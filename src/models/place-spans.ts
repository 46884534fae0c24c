/**
 * @file Where the spans of an item lie in the text that the tokenizer saw, and so which token each position role means.
 */
import type { ChatMessage, Item, Span } from "../plan/audit.js";
import { spanText } from "../plan/item-text.js";
import { bytesOfCharacters, lastOverlapping, type Extent } from "./token-extents.js";
import type { Encoded, Tokenizer } from "./tokenizer.js";

/** Token index of each span (its last token), or why there is none. */
export type PlacedSpans =
  | { readonly kind: "placed"; readonly tokens: Readonly<Record<string, number>> }
  | { readonly kind: "refused"; readonly reason: string };

/** Places the spans of a text item in its ids. */
export function placeSpans(item: Item, encoded: Encoded, tokenizer: Tokenizer): PlacedSpans {
  const spans = Object.entries(item.spans ?? {});
  if (spans.length === 0) return { kind: "placed", tokens: {} };
  const extents = tokenizer.extents(encoded);
  if (extents === undefined) return { kind: "refused", reason: whyChanged(encoded) };
  const inner = innerBytes(item, encoded, tokenizer);
  if (inner === undefined) {
    return {
      kind: "refused",
      reason: "the chat template does not repeat the user message as it is",
    };
  }
  const tokens: Record<string, number> = {};
  for (const [name, span] of spans) {
    const token = lastOverlapping(extents, bytesOfSpan(item, span, inner));
    if (token === -1) return { kind: "refused", reason: `span "${name}" holds no text of a token` };
    tokens[name] = token;
  }
  return { kind: "placed", tokens };
}

/** Token index of each span of an item of ids: its last token. */
export function placeTokenSpans(item: Item): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(item.spans ?? {}).map(([name, [, end]]) => [name, end - 1]),
  );
}

function bytesOfSpan(item: Item, span: Span, inner: Extent & { readonly cut: number }): Extent {
  const { start, end } = bytesOfCharacters(spanText(item) ?? "", span);
  const shift = inner.start - inner.cut;
  return { start: Math.max(inner.start, start + shift), end: Math.min(inner.end, end + shift) };
}

/**
 * Bytes of the encoded text that the spans' own text occupies, and how many bytes a template cut off at its beginning.
 */
function innerBytes(
  item: Item,
  { text }: Encoded,
  tokenizer: Tokenizer,
): (Extent & { readonly cut: number }) | undefined {
  const size = (part: string): number => Buffer.byteLength(part, "utf8");
  if (item.messages === undefined) return { start: 0, end: size(text), cut: 0 };
  const content = spanText(item) ?? "";
  const frame = frameOf(item.messages, tokenizer);
  for (const kept of [content, content.trim()]) {
    if (frame === undefined || text !== frame.before + kept + frame.after) continue;
    const start = size(frame.before);
    const cut = kept === content ? 0 : size(content) - size(content.trimStart());
    return { start, end: start + size(kept), cut };
  }
  return undefined;
}

/** Private-use characters: no template has or changes them. */
const MARK = "\uE0A5mas\uE0A6";

/**
 * What the template puts before and after the last user message, seen by rendering a mark in its place. The caller
 * checks that before + content + after is the real text, so a template that looks at the content is noticed.
 */
function frameOf(
  messages: readonly ChatMessage[],
  tokenizer: Tokenizer,
): { readonly before: string; readonly after: string } | undefined {
  const last = messages.findLastIndex(({ role }) => role === "user");
  const marked = messages.map((message, i) =>
    i === last ? { ...message, content: MARK } : message,
  );
  const [before, after, ...more] = tokenizer.chat(marked).text.split(MARK);
  if (before === undefined || after === undefined || more.length > 0) return undefined;
  return { before, after };
}

function whyChanged({ text }: Encoded): string {
  const composed = text.normalize("NFC") !== text;
  return composed
    ? "the tokenizer changes the text before it cuts it, and the text is not in composed form (Unicode NFC): write it so"
    : "the tokenizer changes the text before it cuts it (case, spaces or unknown characters), so its characters have no token position";
}
