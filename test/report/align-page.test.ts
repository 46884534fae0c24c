/** @file The page of an alignment: means over seeds in the picture, every figure in the tables, absences as such. */
import { expect, it } from "vitest";
import { renderAlignment } from "../../src/report/html/align-page.js";
import { sampleAlignment } from "../support/sample-alignment.js";

it("shows means over seeds, what was not measured, verdicts with reasons, and names as text", () => {
  const page = renderAlignment(sampleAlignment);
  expect(page).toContain("<title>gives 1, takes 2: 0.500</title>");
  expect(page).toContain("<title>gives 2, takes 2: undefined</title>");
  expect(page).toContain("mean of 2 seeds");
  expect(page).toContain("tuned does not encode it");
  expect(page).toContain("&lt;two>");
  expect(page).not.toContain("<two>");
  expect(page).not.toContain("NaN");
});
