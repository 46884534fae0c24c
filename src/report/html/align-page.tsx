/** @file The page of `mas-audit align`: who gives to whom as pictures, each with its figures. Loads and runs nothing. */
import type { JSX } from "preact";
import { present } from "../../errors.js";
import { listText } from "../figure-text.js";
import type { Alignment, AlignmentDirection, AlignmentRun } from "../schema-alignment.js";
import { Document, renderDocument } from "./document.js";
import { HEAT_STYLE, HeatMap } from "./heat-map.js";
import { DataTable, Fold, MeasureCell, numbers, Plain, Reasons, RowHead, texts } from "./parts.js";
import { STYLE } from "./style.js";

/** Sentences in a table keep room for some words, however narrow the page is. */
const SAID_STYLE = `
td.said { min-width: 18rem; }
`;

/** Renders an alignment as a self-contained HTML page. */
export function renderAlignment(alignment: Alignment): string {
  return renderDocument(<Page alignment={alignment} />);
}

function Page({ alignment }: { readonly alignment: Alignment }): JSX.Element {
  const { method, map, blocks, closed, reference, stepwise, runs } = alignment;
  const exchanged = [
    ...new Set(runs.flatMap(({ directions }) => directions.map((of) => of.exchanges))),
  ];
  return (
    <Document
      title="mas-audit align: what passes from one network to another"
      style={STYLE + HEAT_STYLE + SAID_STYLE}
    >
      <header>
        <p class="eyebrow">mas-audit align</p>
        <h1>What passes from one network to another?</h1>
        <p>
          A block of each network's state was replaced by another network's, through the map that
          was learned for each. A trial counts where every answer after it is what the symbolic
          model says.
        </p>
        <dl>
          <dt>method, map</dt>
          <dd>
            {method}, {map}
          </dd>
          <dt>exchanged</dt>
          <dd>{listText(blocks.map(({ name, k }) => `${name} (k = ${k})`))}</dd>
          {stepwise === true && (
            <>
              <dt>positions</dt>
              <dd>all up to the place, each with the one at its position (stepwise)</dd>
            </>
          )}
          {closed.length > 0 && (
            <>
              <dt>recorded only</dt>
              <dd>{listText(closed)}</dd>
            </>
          )}
          {reference !== undefined && (
            <>
              <dt>learned only in pairs with</dt>
              <dd>{reference}</dd>
            </>
          )}
          <dt>seeds</dt>
          <dd>{listText(runs.map(({ seed }) => String(seed)))}</dd>
        </dl>
      </header>
      <main>
        <Networks of={runs} />
        {exchanged.map((name) => (
          <Exchanged {...{ runs, name }} />
        ))}
        <Pairs of={runs} />
        <Likeness of={runs} />
      </main>
    </Document>
  );
}

function Networks({ of: [first] }: { readonly of: readonly AlignmentRun[] }): JSX.Element {
  return (
    <section>
      <h2>Networks</h2>
      <DataTable
        caption="Before any exchange"
        head={[...texts("network", "task"), ...numbers("d", "right", "of")]}
      >
        {present(first, "run").networks.map(({ name, task, d, natural }) => (
          <tr>
            <RowHead>{name}</RowHead>
            <td>{task}</td>
            <td class="n">{d}</td>
            <td class="n">{natural.hits}</td>
            <td class="n">{natural.n}</td>
          </tr>
        ))}
      </DataTable>
    </section>
  );
}

/** One exchanged block: the matrix of accuracies, and all directions with their controls. */
function Exchanged({
  runs,
  name,
}: {
  readonly runs: readonly AlignmentRun[];
  readonly name: string;
}): JSX.Element {
  const names = present(runs[0], "run").networks.map((network) => network.name);
  const own = runs.flatMap(({ seed, directions }) =>
    directions.filter((of) => of.exchanges === name).map((of) => ({ seed, of })),
  );
  const accuracy = (source: string, target: string): number | null => {
    const values = own
      .filter(({ of }) => of.source === source && of.target === target)
      .flatMap(({ of: { iia } }) => (iia.kind === "value" ? [iia.value] : []));
    const total = values.reduce((sum, value) => sum + value, 0);
    return values.length === 0 ? null : total / values.length;
  };
  const title = `Interchange accuracy of ${name} by trial`;
  return (
    <section>
      <h2>{title}</h2>
      <p class="quiet small">
        Rows give, columns take{runs.length > 1 ? `; mean of ${runs.length} seeds` : ""}. Full
        colour is 1, white is 0; · was not measured.
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label={`${title}, picture`}>
        <HeatMap
          title={title}
          rows={{ title: "gives", names: names.map((_, i) => String(i + 1)) }}
          columns={{ title: "takes", names: names.map((_, i) => String(i + 1)) }}
          values={names.map((source) => names.map((target) => accuracy(source, target)))}
        />
      </div>
      <ol class="small">
        {names.map((each) => (
          <li>{each}</li>
        ))}
      </ol>
      <Fold summary="The figures and their controls">
        <DataTable
          caption={`${title}; distance: of patched states from natural ones, 1 = natural`}
          head={[
            ...texts("gives → takes", "learned", "accuracy", "no exchange", "permuted sources"),
            ...texts("random subspace", "before learning", "whole state"),
            ...numbers("distance", "seed"),
          ]}
        >
          {own.map(({ seed, of }) => (
            <Direction {...{ seed, of }} />
          ))}
        </DataTable>
      </Fold>
    </section>
  );
}

function Direction({
  seed,
  of,
}: {
  readonly seed: number;
  readonly of: AlignmentDirection;
}): JSX.Element {
  return (
    <tr>
      <RowHead>
        {of.source} → {of.target}
      </RowHead>
      <td>{of.learned ? "yes" : "no"}</td>
      <MeasureCell of={of.iia} />
      <MeasureCell of={of.noIntervention} />
      <MeasureCell of={of.permuted} />
      <MeasureCell of={of.randomSubspace} />
      <MeasureCell of={of.closedForm} />
      <MeasureCell of={of.fullSwap} />
      <Plain of={of.divergence?.ratio} />
      <td class="n">{seed}</td>
    </tr>
  );
}

function Pairs({ of: runs }: { readonly of: readonly AlignmentRun[] }): JSX.Element | null {
  const pairs = runs.flatMap(({ seed, pairs: own }) => own.map((pair) => ({ seed, pair })));
  if (pairs.length === 0) return null;
  return (
    <section>
      <h2>Pairs</h2>
      <DataTable
        caption="Share of the target's own effect that arrives from the other network, by the rules of an audit's cells"
        head={[
          ...texts("pair", "exchanged", "verdict", "there", "back", "why"),
          ...numbers("seed"),
        ]}
      >
        {pairs.map(({ seed, pair: { base, tuned, exchanges, verdict, ratio, reasons } }) => (
          <tr>
            <RowHead>
              {base} – {tuned}
            </RowHead>
            <td>{exchanges}</td>
            <td>{verdict}</td>
            <MeasureCell of={ratio["base→tuned"]} />
            <MeasureCell of={ratio["tuned→base"]} />
            <td class="said">
              <Reasons of={reasons} />
            </td>
            <td class="n">{seed}</td>
          </tr>
        ))}
      </DataTable>
    </section>
  );
}

function Likeness({ of: [first] }: { readonly of: readonly AlignmentRun[] }): JSX.Element | null {
  const all = present(first, "run").similarities;
  if (all.length === 0) return null;
  return (
    <section>
      <h2>How alike the natural states are</h2>
      <p>Correlative: high figures do not show that anything passes from one to the other.</p>
      <DataTable
        caption="States of the same runs at the same places"
        head={[...texts("pair", "measure"), ...numbers("value", "n")]}
      >
        {all.map(({ base, tuned, measure, value, n }) => (
          <tr>
            <RowHead>
              {base} – {tuned}
            </RowHead>
            <td>{measure}</td>
            <Plain of={value ?? undefined} />
            <td class="n">{n}</td>
          </tr>
        ))}
      </DataTable>
    </section>
  );
}
