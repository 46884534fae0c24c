/**
 * @file The manifest of a folder of real exports: one entry per file, with what is expected of it.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { UsageError } from "../../src/errors.js";

const entry = z.object({
  path: z.string(),
  model: z.string(),
  variant: z.string(),
  exporter: z.string().default("?"),
  weight_dtype: z.string(),
  /** "ok", or "refuse: reason". */
  expected: z.string(),
  /** safetensors file with the reference; absent for files to be refused. */
  reference: z.string().optional(),
});

const manifest = z.object({ format: z.literal(1), exports: z.array(entry) });

/** One file to check, with absolute paths. */
export interface ExportEntry {
  /** `model/variant`, as `--only` names it. */
  readonly id: string;
  readonly path: string;
  readonly reference: string | undefined;
  /** Why the file is to be refused; absent for files that are to be audited. */
  readonly refusal?: string;
  readonly exporter: string;
}

/**
 * Reads a manifest and keeps the entries named in `only` (all, when it is undefined).
 *
 * @throws {@link UsageError} when the file is no such manifest, or a name is not in it.
 */
export function readManifest(path: string, only: readonly string[] | undefined): ExportEntry[] {
  const parsed = manifest.safeParse(readJson(path));
  if (!parsed.success) {
    throw new UsageError("this is not a manifest of exports", {
      code: "EXPORTS_MANIFEST",
      where: path,
      found: parsed.error.issues.map((i) => `${i.path.join(".")}: ${i.message}`).join("; "),
    });
  }
  const folder = dirname(path);
  const entries = parsed.data.exports.map((each): ExportEntry => ({
    id: `${each.model}/${each.variant}`,
    path: join(folder, each.path),
    reference: each.reference === undefined ? undefined : join(folder, each.reference),
    exporter: each.exporter,
    ...(each.expected === "ok" ? {} : { refusal: each.expected.replace(/^refuse:? */, "") }),
  }));
  if (only === undefined) return entries;
  const unknown = only.filter((id) => !entries.some((each) => each.id === id));
  if (unknown.length > 0) {
    throw new UsageError("no such export in the manifest", {
      code: "EXPORTS_UNKNOWN",
      where: path,
      expected: entries.map(({ id }) => id).join(", "),
      found: unknown.join(", "),
    });
  }
  return entries.filter(({ id }) => only.includes(id));
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new UsageError("the manifest cannot be read", {
      code: "EXPORTS_MANIFEST",
      where: path,
      found: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}
