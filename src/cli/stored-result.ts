/**
 * @file Reads a stored `result.json`, and finds the learned subspaces that lie beside it.
 */
import { dirname, join } from "node:path";
import { PlanError } from "../errors.js";
import { throwProblems } from "../plan/problems.js";
import { parseResult } from "../report/result-text.js";
import { RESULT_FILE, type Result } from "../report/schema.js";
import type { ExtraFile } from "../report/write.js";
import { digestBytes, type Sha256 } from "../store/digest.js";
import { decodeUtf8, readRegularFile, standingAt } from "../store/regular-file.js";

/** Room for a result; a thousand cells have some ten megabytes. */
const LARGEST_BYTES = 256 << 20;

/** A result with the file that it was read from. */
export interface StoredResult {
  readonly result: Result;
  /** As typed; with the name of the result where a folder was typed. */
  readonly path: string;
  readonly sha256: Sha256;
}

/**
 * Reads the result at `path`, or the one in the folder there.
 *
 * @throws {@link PlanError} `RESULT_MISSING` where none can be read, `RESULT_INVALID` with every place that is wrong.
 */
export function readStoredResult(given: string): StoredResult {
  const path = standingAt(given).kind === "folder" ? join(given, RESULT_FILE) : given;
  const read = readRegularFile(path, LARGEST_BYTES);
  const text = read.kind === "ok" ? decodeUtf8(read.bytes) : undefined;
  if (read.kind === "bad" || text === undefined) {
    throw new PlanError("the result cannot be read", {
      code: "RESULT_MISSING",
      where: path,
      expected: `the ${RESULT_FILE} of an earlier run, or its folder`,
      found: read.kind === "bad" ? read.found : "bytes that are not UTF-8",
      hint: "check the path: an audit writes its result into the folder of --out",
      ...(read.kind === "bad" ? { cause: read.cause } : {}),
    });
  }
  return { result: parseResult(text, path), path, sha256: digestBytes(read.bytes) };
}

/** The files of subspaces that a result names, and how many of them are not there any more. */
export interface StoredSubspaces {
  readonly files: readonly ExtraFile[];
  readonly missing: number;
}

/**
 * Finds the learned subspaces beside a result.
 *
 * @throws {@link PlanError} `RESULT_INVALID` for names outside `cells/`: a result is not to make us copy other files.
 */
export function findSubspaces({ result, path }: StoredResult): StoredSubspaces {
  const named = result.cells.flatMap(({ learning, ownLearning }, i) =>
    Object.entries({ learning, ownLearning }).flatMap(([key, learned]) =>
      learned?.tensors === undefined
        ? []
        : [{ what: `cells[${i}].${key}.tensors`, name: learned.tensors }],
    ),
  );
  const expected = "the name of a file in cells/";
  throwProblems(
    named
      .filter(({ name }) => !/^cells\/[\w-][\w.-]*$/.test(name))
      .map(({ what, name }) => ({ what, expected, found: JSON.stringify(name) })),
    { kind: "plan", code: "RESULT_INVALID", of: "result", where: path },
  );
  const names = [...new Set(named.map(({ name }) => name))];
  const files = names
    .map((name) => ({ name, path: join(dirname(path), name) }))
    .filter((file) => standingAt(file.path).kind === "file");
  return { files, missing: names.length - files.length };
}
