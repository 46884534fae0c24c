/**
 * @file Places and values of a JSON document, in the words of an error.
 */

/** Keys and indexes from the top of a JSON document. */
export type JsonPath = readonly (string | number)[];

/** `items[3].values.number`; keys that are no plain names are quoted; the top is "the file". */
export function formatPath(path: JsonPath): string {
  const text = path
    .map((step) =>
      typeof step === "number"
        ? `[${step}]`
        : /^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(step)
          ? `.${step}`
          : `[${JSON.stringify(step)}]`,
    )
    .join("");
  return text === "" ? "the file" : text.replace(/^\./, "");
}

/** A value as it stands in the file, cut at 60 characters; `undefined` is "nothing". */
export function showValue(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

/** The value at `path`; `undefined` where there is none. */
export function valueAt(document: unknown, path: JsonPath): unknown {
  return path.reduce<unknown>(
    (value, step) => (isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined),
    document,
  );
}

/** Is this an object or a list? */
export function isObject(value: unknown): value is Readonly<Record<string | number, unknown>> {
  return typeof value === "object" && value !== null;
}
