/**
 * @file The names of the views and of their files; what renders them is loaded when it is asked for.
 */

import { ALSO_VIEWS } from "../plan/defaults.js";

/** A view that is written where it is asked for. */
export type AlsoView = (typeof ALSO_VIEWS)[number];

/** Files that can be written beside `result.json` and `report.html`, by the name of their view. */
export const ALSO_FILES = {
  markdown: "report.md",
  junit: "junit.xml",
  sarif: "report.sarif",
} as const satisfies Readonly<Record<AlsoView, string>>;

/** What a stored result can be printed as. */
export const FORMATS = ["terminal", ...ALSO_VIEWS, "json", "html"] as const;

/** What a stored result can be printed as. */
export type Format = (typeof FORMATS)[number];
