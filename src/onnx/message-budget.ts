/**
 * @file What decoding a message would make, counted on the bytes before anything is made. A message of two bytes becomes
 * an object of some hundred bytes, and a packed list of numbers one element per byte: a file of a few megabytes could
 * fill the memory, or, nested deeply enough, the stack.
 * Wire format: protobuf.dev, "Encoding". The schema comes from the generated code, so no field is forgotten.
 */
import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";

/** Levels of messages; a graph in a branch of a graph adds three. */
const MAX_DEPTH = 64;
/** Messages in a file without its weights. A decoder of 100 layers has some 200 000; each costs up to 400 bytes. */
const MAX_MESSAGES = 1_000_000;
/** Numbers and texts in lists (dimensions, axes, weights in typed fields). Each costs up to 32 bytes. */
const MAX_ELEMENTS = 16_000_000;

/** Counts of what decoding makes. */
export interface DecodedSize {
  readonly messages: number;
  readonly elements: number;
}

/** Bytes per element of a packed list, by protobuf scalar type (descriptor.proto); varints have at least one. */
const FIXED_BYTES: Readonly<Record<number, number>> = { 1: 8, 2: 4, 6: 8, 7: 4, 15: 4, 16: 8 };

/**
 * Counts the objects and list elements that `bytes` hold as a message of `schema`; a string tells why they should not be
 * decoded.
 */
export function measureMessage(schema: DescMessage, bytes: Uint8Array): DecodedSize | string {
  try {
    const counter = new Counter(bytes);
    counter.message(schema, { start: 0, end: bytes.length, depth: 0 });
    return { messages: counter.messages, elements: counter.elements };
  } catch (error) {
    if (error instanceof Excess) return error.message;
    throw error;
  }
}

/** Bytes of a value by wire type, where that alone says it. */
const SIZES: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

class Excess extends Error {}

interface Range {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

const fieldsByNumber = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>();

function fieldsOf(schema: DescMessage): ReadonlyMap<number, DescField> {
  const known = fieldsByNumber.get(schema);
  if (known !== undefined) return known;
  const fields = new Map(schema.fields.map((field) => [field.number, field]));
  fieldsByNumber.set(schema, fields);
  return fields;
}

class Counter {
  messages = 0;
  elements = 0;
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  message(schema: DescMessage, { start, end, depth }: Range): void {
    if (depth > MAX_DEPTH) throw new Excess(`messages nested deeper than ${MAX_DEPTH}`);
    this.#count("messages", 1, MAX_MESSAGES);
    const fields = fieldsOf(schema);
    for (this.#at = start; this.#at < end;) {
      const begin = this.#at;
      const tag = this.#varint(end);
      const body = this.#body(tag % 8, end);
      if (body === undefined)
        throw new Excess(`a field at byte ${begin} that reaches beyond its message`);
      const field = fields.get(Math.floor(tag / 8));
      const inner = field === undefined ? undefined : messageOf(field);
      if (field === undefined)
        this.#count("messages", 1, MAX_MESSAGES); // kept, each as an object
      else if (inner !== undefined && tag % 8 === 2)
        this.message(inner, { ...body, depth: depth + 1 });
      else if (field.fieldKind === "list")
        this.#count("elements", elementsIn(field, tag % 8, body), MAX_ELEMENTS);
      this.#at = body.end;
    }
  }

  #count(what: "messages" | "elements", n: number, limit: number): void {
    this[what] += n;
    if (this[what] > limit) throw new Excess(`more than ${limit} ${what} beside its weights`);
  }

  /** Where the value stands; `undefined` beyond the end or for a wire type that ONNX does not use. */
  #body(wireType: number, end: number): { start: number; end: number } | undefined {
    if (wireType === 0) {
      const start = this.#at;
      this.#varint(end);
      return { start, end: this.#at };
    }
    const size = wireType === 2 ? this.#varint(end) : SIZES[wireType];
    const start = this.#at;
    return size !== undefined && start + size <= end ? { start, end: start + size } : undefined;
  }

  #varint(end: number): number {
    let value = 0;
    for (let i = 0; i < 10 && this.#at < end; i++) {
      const byte = this.bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw new Excess(`a number that does not end at byte ${this.#at}`);
  }
}

function messageOf(field: DescField): DescMessage | undefined {
  return field.fieldKind === "message" ||
    (field.fieldKind === "list" && field.listKind === "message")
    ? field.message
    : undefined;
}

function elementsIn(
  field: DescField,
  wireType: number,
  { start, end }: { readonly start: number; readonly end: number },
): number {
  const isPacked = wireType === 2 && field.fieldKind === "list" && field.listKind === "scalar";
  const isText =
    isPacked && (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES); // string and bytes: one element each
  if (!isPacked || isText) return 1;
  return (end - start) / (FIXED_BYTES[field.scalar] ?? 1);
}
