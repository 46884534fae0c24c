/**
 * @file Variables × layers: the picture that people paste into a slide. Words by colour, letter and pattern; each cell
 * leads to its detail. The same map stands below as a table.
 */
import type { JSX } from "preact";

import { layersOf } from "../highlights.js";
import type { Result } from "../schema.js";
import { WORDS, WORD_ORDER } from "../words.js";
import { MapPicture } from "./map-picture.js";
import { brief, DataTable, Fold, RowHead, Word } from "./parts.js";
import { cellAt, mapRows, usedWords, type MapRow } from "./places.js";

/** The map with its legend and table; nothing where no site was measured. */
export function SiteMap({ result }: { readonly result: Result }): JSX.Element | null {
  const layers = layersOf(result);
  const rows = mapRows(result);
  if (layers.length === 0) return null;
  return (
    <section aria-labelledby="map">
      <h2 id="map">Map of variables and layers</h2>
      <p class="quiet small">
        One cell per layer and position role of each variable.{" "}
        <span class="screen">Choose a cell for its detail.</span>
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Picture of the map">
        <MapPicture result={result} rows={rows} layers={layers} />
      </div>
      <Meanings result={result} />
      <Fold summary="The map as a table">
        <MapTable rows={rows} layers={layers} />
      </Fold>
    </section>
  );
}

function Meanings({ result }: { readonly result: Result }): JSX.Element {
  const used = usedWords(result);
  return (
    <ul class="legend" aria-label="What the words mean">
      {WORD_ORDER.filter((word) => used.has(word)).map((word) => (
        <li>
          <Word word={word} />: {WORDS[word].meaning}
        </li>
      ))}
    </ul>
  );
}

function MapTable(props: {
  readonly rows: readonly MapRow[];
  readonly layers: readonly number[];
}): JSX.Element {
  const { rows, layers } = props;
  const head = ["Variable", "Role", ...layers.map(String)].map((text) => ({ text }));
  return (
    <DataTable
      class="map"
      caption="Verdict by variable, position role and layer of the residual stream (0 = embedding, else after that block)"
      head={head}
    >
      {rows.map((row) => (
        <tr>
          <RowHead>{brief(row.variable.variable, 60)}</RowHead>
          <td>{brief(row.role, 40)}</td>
          {layers.map((layer) => {
            const cell = cellAt(row, layer);
            if (cell === undefined) return <td />;
            return (
              <td>
                <a href={cell.href}>{WORDS[cell.word].title}</a>
              </td>
            );
          })}
        </tr>
      ))}
    </DataTable>
  );
}
