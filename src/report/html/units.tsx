/** @file The units of pairs of layers: every figure with its chance. */
import type { JSX } from "preact";
import { signed } from "../figure-text.js";
import type { UnitsPart } from "../schema-units.js";
import { figuresOf, figureText, reasonsOf } from "../units-text.js";
import { DataTable, numbers, Plain, Reasons, RowHead, texts } from "./parts.js";

/** The section of units. */
export function Units({ of: part }: { readonly of: UnitsPart }): JSX.Element {
  const figures = figuresOf(part);
  return (
    <section>
      <h2>Units</h2>
      <p>
        Which units of one model have partners in the other, one to one, one to a few, or in groups:{" "}
        {part.of}. In brackets the chance: {part.chance}.
      </p>
      <DataTable
        caption="Matched, fitted and clustered on one half of the prompts, scored on the other"
        head={[
          ...texts("base layer"),
          ...numbers("tuned layer", "units", ...figures.map(({ name }) => name)),
        ]}
      >
        {part.pairs.map(({ base, tuned, units, figures: own }) => (
          <tr>
            <RowHead>{base}</RowHead>
            <td class="n">{tuned}</td>
            <td class="n">
              {units.base.used} of {units.base.of}, {units.tuned.used} of {units.tuned.of}
            </td>
            {figures.map((_, at) => (
              <UnitFigure of={own[at]} />
            ))}
          </tr>
        ))}
      </DataTable>
      <dl class="small">
        {figures.map((figure) => (
          <>
            <dt>{figure.name}</dt>
            <dd>{figureText(figure)}</dd>
          </>
        ))}
      </dl>
      <Reasons of={reasonsOf(part)} />
    </section>
  );
}

function UnitFigure({
  of: figure,
}: {
  readonly of: UnitsPart["pairs"][number]["figures"][number] | undefined;
}): JSX.Element {
  if (figure?.value == null) return <Plain of={undefined} />;
  const { value, chance } = figure;
  return (
    <td class="n">
      {signed(value, 3)} {chance !== null && <i>[{signed(chance, 3)}]</i>}
    </td>
  );
}
