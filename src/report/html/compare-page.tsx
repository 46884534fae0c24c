/** @file The page of `mas-audit compare`: heat maps of all pairs of layers, each with its table. Loads and runs nothing. */
import type { JSX } from "preact";
import type { Comparison } from "../schema-compare.js";
import { Document, renderDocument } from "./document.js";
import { HEAT_STYLE, HeatMap } from "./heat-map.js";
import { DataTable, Fold, numbers, Plain, RowHead, texts } from "./parts.js";
import { STYLE } from "./style.js";
import { SubNetworks } from "./sub-networks.js";
import { Units } from "./units.js";

/** Renders a comparison as a self-contained HTML page. */
export function renderComparison(comparison: Comparison): string {
  return renderDocument(<Page comparison={comparison} />);
}

function Page({ comparison }: { readonly comparison: Comparison }): JSX.Element {
  const { models, prompts, layers, tables, seed } = comparison;
  return (
    <Document
      title="mas-audit compare: how alike the layers of two models are"
      style={STYLE + HEAT_STYLE}
    >
      <header>
        <p class="eyebrow">mas-audit compare</p>
        <h1>How alike are the layers of the two models?</h1>
        <p>
          These figures are correlative: they say how alike the states of both models are, not what
          the models do with them. High figures do not show that anything transfers; an audit asks
          that.
        </p>
        <dl>
          <dt>base</dt>
          <dd>{models.base}</dd>
          <dt>tuned</dt>
          <dd>{models.tuned}</dd>
          <dt>prompts</dt>
          <dd>
            {prompts.n} different ones; {prompts.source}
          </dd>
          <dt>state of</dt>
          <dd>{prompts.at === "mean" ? "mean over tokens" : `token: ${prompts.at}`}</dd>
          <dt>seed of the halves</dt>
          <dd>{seed}</dd>
        </dl>
      </header>
      <main>
        {tables.map((table) => (
          <section>
            <h2>{table.measure}</h2>
            <p class="quiet small">
              Every layer of the base (rows) against every layer of the tuned model (columns), n ={" "}
              {table.n} prompts. Full colour is 1, white is 0; − is below 0, · is undefined. Layer 0
              is the embedding.
            </p>
            <div class="scroll" tabIndex={0} role="region" aria-label={`${table.measure}, picture`}>
              <HeatMap
                title={`${table.measure}, base layers against tuned layers`}
                rows={{ title: "base layer", names: layers.base.map(String) }}
                columns={{ title: "tuned layer", names: layers.tuned.map(String) }}
                values={table.values}
              />
            </div>
            <Fold summary="The figures">
              <DataTable
                caption={`${table.measure}; rows: base layers, columns: tuned layers`}
                head={[...texts("base"), ...numbers(...layers.tuned.map(String))]}
              >
                {table.values.map((row, i) => (
                  <tr>
                    <RowHead>{layers.base[i]}</RowHead>
                    {row.map((value) => (
                      <Plain of={value ?? undefined} />
                    ))}
                  </tr>
                ))}
              </DataTable>
            </Fold>
          </section>
        ))}
        <Matching comparison={comparison} />
        {comparison.subNetworks && <SubNetworks of={comparison.subNetworks} layers={layers} />}
        {comparison.units && <Units of={comparison.units} />}
      </main>
    </Document>
  );
}

function Matching({ comparison: { matching } }: { readonly comparison: Comparison }): JSX.Element {
  const [first] = matching;
  const figures = first?.figures ?? [];
  // none asked for
  if (first !== undefined && figures.length === 0) return <></>;
  return (
    <section>
      <h2>Layers of the same number</h2>
      {figures.length === 0 ? (
        <p>The models differ in depth: no layer of one is that of the other.</p>
      ) : (
        <>
          <DataTable
            caption="Fitted on one half of the prompts and scored on the other, where anything is fitted"
            head={[...texts("layer"), ...numbers(...figures.map((_, i) => `(${i + 1})`))]}
          >
            {matching.map((match) => (
              <tr>
                <RowHead>{match.layer}</RowHead>
                {match.figures.map(({ value }) => (
                  <Plain of={value ?? undefined} />
                ))}
              </tr>
            ))}
          </DataTable>
          <ol>
            {figures.map(({ measure, n, nFit, chance }) => (
              <li>
                {measure}; n = {n}
                {nFit !== undefined && `, fitted on ${nFit}`}
                {chance !== undefined && `, chance ${chance.toFixed(3)}`}
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}
