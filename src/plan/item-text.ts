/**
 * @file What an item says where its spans point: characters of the prompt, characters of the last user message of a
 * chat, or tokens of an item of ids. A character is a Unicode code point (as Python and people count), so an emoji
 * outside the basic plane is one character although JavaScript counts two.
 */
import type { Item, Span } from "./audit.js";

/** What the spans of `item` count in: code points of a text, or token ids. */
export function spanUnits(item: Item): readonly (string | number)[] {
  return item.ids ?? Array.from(spanText(item) ?? "");
}

/** The text that spans refer to: the prompt, or the content of the last user message; nothing for ids. */
export function spanText(item: Pick<Item, "prompt" | "messages">): string | undefined {
  return item.prompt ?? item.messages?.findLast(({ role }) => role === "user")?.content;
}

/** The part of an item inside a span, as text; token ids are joined by spaces. */
export function textOfSpan(item: Item, [start, end]: Span): string {
  return spanUnits(item)
    .slice(start, end)
    .join(item.ids === undefined ? "" : " ");
}

/** The whole item on one line, for reports and for telling items apart. */
export function itemText(item: Item): string {
  if (item.prompt !== undefined) return item.prompt;
  if (item.ids !== undefined) return item.ids.join(" ");
  return (item.messages ?? []).map(({ role, content }) => `${role}: ${content}`).join("\n");
}

/**
 * Items of one group never stand in two splits: the group that the item names, else the texts of its spans (so that
 * words are held out, not only prompts), else the item itself.
 */
export function groupOf(item: Item): string {
  if (item.group !== undefined) return item.group;
  const spans = Object.entries(item.spans ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (spans.length === 0) return itemText(item);
  return spans.map(([, span]) => textOfSpan(item, span)).join(" | ");
}
