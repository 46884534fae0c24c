/**
 * @file The comparison with an earlier result as a section of the page: one table of variables, one of changed sites.
 */
import type { JSX } from "preact";

import {
  changedSites,
  changesText,
  sitePlace,
  sitesText,
  tellingFigure,
  wordsText,
} from "../comparison-text.js";
import { ABSENT, sentence } from "../figure-text.js";
import type { Comparison, FigureComparison, VariableComparison } from "../schema-comparison.js";
import { DataTable, MeasureCell, numbers, texts } from "./parts.js";

/** What got worse, better, is new or gone; absent where nothing was compared. */
export function BaselineSection(props: {
  readonly comparison: Comparison | undefined;
}): JSX.Element | null {
  const { comparison } = props;
  if (comparison === undefined) return null;
  const { variables, remarks, baseline } = comparison;
  const sites = variables.flatMap((variable) =>
    changedSites(variable).map((site) => ({ variable, site })),
  );
  return (
    <section id="baseline">
      <h2>Against the baseline: {changesText(comparison)}</h2>
      <p class="quiet small">
        Both are judged by the policy of this result. Rates are compared on the same trials where
        these are the same (McNemar’s exact test), else as independent ones (Fisher’s); p-values are
        corrected by Holm over the whole comparison.
      </p>
      {remarks.length > 0 && (
        <ul>
          {remarks.map(({ message }) => (
            <li>{sentence(message)}</li>
          ))}
        </ul>
      )}
      <DataTable
        caption="Variables against the baseline"
        head={texts("Variable", "Change", "Verdict", "Sites that changed")}
      >
        {variables.map((variable) => (
          <tr>
            <th scope="row">
              {variable.variable} ({variable.audit})
            </th>
            <td>{variable.change}</td>
            <td>{wordsText(variable)}</td>
            <td>{sitesText(variable) || ABSENT}</td>
          </tr>
        ))}
      </DataTable>
      {sites.length > 0 && (
        <DataTable
          caption="Sites that got worse or better: the rate that changed most, after less before"
          head={[
            ...texts("Site", "Change", "Verdict", "Rate"),
            ...numbers("Before", "After", "Difference", "p, corrected"),
            ...texts("Trials"),
          ]}
        >
          {sites.map(({ variable, site }) => (
            <SiteRow variable={variable} site={site} />
          ))}
        </DataTable>
      )}
      <p class="quiet small">
        Baseline: mas-audit {baseline.version}, SHA-256 of its repeatable content{" "}
        <code>{baseline.result}</code>
      </p>
    </section>
  );
}

function SiteRow(props: {
  readonly variable: VariableComparison;
  readonly site: VariableComparison["sites"][number];
}): JSX.Element {
  const { variable, site } = props;
  const figure = tellingFigure(site);
  return (
    <tr>
      <th scope="row">
        {variable.variable}, {sitePlace(site)}
      </th>
      <td>{site.change}</td>
      <td>{wordsText(site)}</td>
      <FigureCells of={figure} />
    </tr>
  );
}

function FigureCells({ of }: { readonly of: FigureComparison | undefined }): JSX.Element {
  if (of === undefined) return <td colSpan={6}>no rate that both have</td>;
  return (
    <>
      <td>
        {of.quantity} {of.direction}
      </td>
      <td class="n">{`${of.before.hits} of ${of.before.n}`}</td>
      <td class="n">{`${of.after.hits} of ${of.after.n}`}</td>
      <MeasureCell of={of.difference} />
      <td class="n">{of.adjustedP < 0.001 ? "< 0.001" : of.adjustedP.toFixed(3)}</td>
      <td>{of.paired ? "the same" : "independent"}</td>
    </>
  );
}
