/**
 * @file Every view of a result that is plain text, by name.
 */
import { serialiseResult } from "./result-text.js";
import type { Result } from "./schema.js";
import { ALSO_FILES, type AlsoView, type Format } from "./view-names.js";
import type { ExtraFile } from "./write.js";

/** What a view may need to know besides the result. */
export interface ViewStyle {
  /** Absolute path of the folder that file names are told relative to, where they lie below it. */
  readonly root: string;
}

type Render = (result: Result, style: ViewStyle) => Promise<string>;

/** Loaded one by one: a view that nobody asks for costs nothing. */
const VIEWS: Readonly<Record<Exclude<Format, "terminal">, Render>> = {
  markdown: async (result) => (await import("./markdown.js")).renderMarkdown(result),
  junit: async (result) => (await import("./junit.js")).renderJunit(result),
  sarif: async (result, style) => (await import("./sarif.js")).renderSarif(result, style),
  json: (result) => Promise.resolve(serialiseResult(result)),
  html: async (result) => (await import("./html/page.js")).renderReport(result),
};

/** A view of the result as text. */
export function renderView(
  result: Result,
  format: Exclude<Format, "terminal">,
  style: ViewStyle,
): Promise<string> {
  return VIEWS[format](result, style);
}

/** The files of the views that were asked for, each once. */
export async function renderAlso(
  result: Result,
  views: readonly AlsoView[],
  style: ViewStyle,
): Promise<readonly ExtraFile[]> {
  const files = [...new Set(views)].map(async (view): Promise<ExtraFile> => {
    const text = await renderView(result, view, style);
    return { name: ALSO_FILES[view], bytes: new TextEncoder().encode(text) };
  });
  return Promise.all(files);
}
