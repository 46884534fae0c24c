/** @file The held-out texts of the toxicity case study: read strictly, and as whole contexts to be exchanged. */
import { PlanError } from "../../src/errors.js";
import type { Text, TextAudit } from "../../src/plan/text-audit.js";
import type { Stream } from "../../src/stats/stream.js";
import { readJson } from "../../src/store/json-document.js";
import { readTextFile } from "../../src/store/regular-file.js";

/** One text that no model was tuned on. */
export interface HeldOutText {
  readonly text: string;
  readonly toxic: boolean;
}

/** Id of the audit that the texts make. */
export const HELD_OUT_AUDIT = "held-out-texts";

const LARGEST_BYTES = 64 << 20;
/** Words before which no text is broken off: the template and one word say too little to call it a context. */
const SHORTEST = 3;

/** @throws {@link PlanError} `TEXTS_MISSING`, or `TEXT_LINE` with the first line that is not a labelled text. */
export function readHeldOut(path: string): readonly HeldOutText[] {
  const read = readTextFile(path, LARGEST_BYTES);
  if (read.kind !== "ok") {
    throw new PlanError("the held-out texts cannot be read", {
      code: "TEXTS_MISSING",
      where: path,
      expected: "a JSONL file, which fixtures/make/toxicity.py writes beside its models",
      found: read.found,
    });
  }
  const lines = read.text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line, i) => readLine(line, `${path}:${i + 1}`));
}

function readLine(line: string, where: string): HeldOutText {
  const row = readJson(line);
  if (row.kind === "ok" && isLabelled(row.value)) return row.value;
  throw new PlanError("a line is not a labelled text", {
    code: "TEXT_LINE",
    where,
    expected: '{"text": "…", "toxic": true or false}',
    found: line.slice(0, 80),
  });
}

function isLabelled(value: unknown): value is HeldOutText {
  if (typeof value !== "object" || value === null) return false;
  const { text, toxic } = value as Readonly<Record<string, unknown>>; // an object, as just checked
  return typeof text === "string" && text.trim() !== "" && typeof toxic === "boolean";
}

/** Whole contexts: each text broken off after a random word, in as many ways as are asked for. */
export function heldOutAudit(held: readonly HeldOutText[]): TextAudit {
  return {
    id: HELD_OUT_AUDIT,
    title: "Held-out texts of the toxicity case study",
    question: "Can all that one fine-tune has read stand in for what the other has read?",
    why: "Fine-tunes on toxic and on other texts of one source: does what they hold of a text still mean the same to the other?",
    references: ["Grant (2025). Model Alignment Search. arXiv:2501.06164."],
    texts: (stream, n) => drawPrefixes(held, { stream, n }),
  };
}

function drawPrefixes(
  held: readonly HeldOutText[],
  { stream, n }: { readonly stream: Stream; readonly n: number },
): readonly Text[] {
  const found = new Map<string, Text>();
  const all = held.flatMap(({ text }, i) => {
    const words = text.split(" ");
    return Array.from({ length: Math.max(0, words.length - SHORTEST) }, (_, cut) => ({
      prompt: words.slice(0, SHORTEST + cut).join(" "),
      group: String(i),
    }));
  });
  // texts that begin alike give one prompt, which belongs to the first of them
  for (const each of stream.shuffle(all)) {
    if (found.size < n && !found.has(each.prompt)) found.set(each.prompt, each);
  }
  return [...found.values()];
}
