/**
 * @file Tables of what stands beside the learned maps: tests on the same trials, sizes, and where the subspaces lie.
 */
import type { JSX } from "preact";

import { DIRECTIONS, SIDES } from "../../measure/measures.js";
import type { FurtherFigures, PairedTest, SiteVerdict } from "../../verdict/verdicts.js";
import { ABSENT, plainText } from "../figure-text.js";
import type { Curve } from "../highlights.js";
import { DataTable, MeasureCell, numbers, texts } from "./parts.js";

interface TableProps {
  readonly curve: Curve;
  readonly about: string;
}

/** All of them; nothing where nothing was learned. */
export function FurtherTables({ curve, about }: TableProps): JSX.Element | null {
  const learned = curve.sites.flatMap(({ layer, further }) =>
    further === undefined ? [] : [{ layer, further }],
  );
  if (learned.length === 0) return null;
  return (
    <details>
      <summary>Tests on the same trials, sizes and subspaces</summary>
      <PairedTests sites={curve.sites} about={about} />
      <Sizes learned={learned} about={about} />
      <Subspaces learned={learned} about={about} />
    </details>
  );
}

function Layer({ of }: { readonly of: number }): JSX.Element {
  return (
    <th scope="row" class="number">
      {of}
    </th>
  );
}

function Plain({ of }: { readonly of: number | undefined }): JSX.Element {
  return <td class="number">{of === undefined ? ABSENT : plainText(of)}</td>;
}

function PairedTests(props: {
  readonly sites: readonly SiteVerdict[];
  readonly about: string;
}): JSX.Element {
  const rows = props.sites.flatMap(({ layer, tests }) =>
    DIRECTIONS.flatMap((key): { layer: number; key: string; test: PairedTest }[] => {
      const test = tests[key];
      return test === undefined ? [] : [{ layer, key, test }];
    }),
  );
  return (
    <DataTable
      caption={`Across against the target's own maps, on the same trials: hits of one only, McNemar's exact p (they differ), difference with the p of “smaller than the margin” (two one-sided tests), and the ratio with an interval over target items: ${props.about}`}
      head={[
        ...numbers("Layer"),
        ...texts("Direction"),
        ...numbers("only across", "only within", "p differ", "difference", "margin", "p same"),
        ...numbers("ratio, by items"),
      ]}
    >
      {rows.map(({ layer, key, test }) => (
        <tr>
          <Layer of={layer} />
          <td>{key}</td>
          <td class="number">{test.onlyCross}</td>
          <td class="number">{test.onlyWithin}</td>
          <Plain of={test.p} />
          <MeasureCell of={test.difference.measure} />
          <Plain of={test.difference.margin} />
          <Plain of={test.difference.equivalenceP} />
          <MeasureCell of={test.clusteredRatio} />
        </tr>
      ))}
    </DataTable>
  );
}

interface Learned {
  readonly layer: number;
  readonly further: FurtherFigures;
}

interface LearnedProps {
  readonly learned: readonly Learned[];
  readonly about: string;
}

function Sizes({ learned, about }: LearnedProps): JSX.Element {
  const trials = [...new Set(learned.map(({ further }) => further.sizeCurve.n))].join(" or ");
  return (
    <DataTable
      caption={`Closed-form subspaces of growing k (share of the first n = ${trials} trials); the smallest k that reaches 95 % of the best of its direction is in the last row of a layer: ${about}`}
      head={[...numbers("Layer"), ...texts("k"), ...numbers(...DIRECTIONS)]}
    >
      {learned.flatMap(({ layer, further: { sizeCurve } }) => [
        ...sizeCurve.points.map(({ k, iia }) => (
          <tr>
            <Layer of={layer} />
            <td>{k}</td>
            {DIRECTIONS.map((key) => (
              <MeasureCell of={iia[key]} />
            ))}
          </tr>
        )),
        <tr>
          <Layer of={layer} />
          <td>smallest sufficient k</td>
          {DIRECTIONS.map((key) => (
            <Plain of={sizeCurve.smallest[key]} />
          ))}
        </tr>,
      ])}
    </DataTable>
  );
}

const DEGREES = 180 / Math.PI;

function Subspaces({ learned, about }: LearnedProps): JSX.Element {
  const isRepeated = learned.some(({ further }) => further.spread !== undefined);
  const spreadTo = isRepeated ? ", lowest and highest accuracy over several learnings" : "";
  const spreads = isRepeated ? DIRECTIONS : [];
  return (
    <DataTable
      caption={`Learned subspaces: smallest and largest principal angle between the models (degrees), share outside the directions of natural variance, size of the tuned code over the base's${spreadTo}: ${about}`}
      head={numbers(
        "Layer",
        "smallest angle",
        "largest angle",
        "dormant base",
        "dormant tuned",
        "code ratio",
        ...spreads.map((key) => `spread ${key}`),
      )}
    >
      {learned.map(({ layer, further: { geometry, spread } }) => {
        const angles = (geometry.principalAngles ?? []).map((angle) => angle * DEGREES);
        return (
          <tr>
            <Layer of={layer} />
            <Plain of={angles.at(0)} />
            <Plain of={angles.at(-1)} />
            {SIDES.map((side) => (
              <Plain of={geometry.dormantShare[side]} />
            ))}
            <Plain of={geometry.codeScale} />
            {spreads.map((key) => {
              const range = spread?.iia[key];
              return (
                <td class="number">
                  {range === undefined ? ABSENT : range.map((end) => plainText(end)).join(" to ")}
                </td>
              );
            })}
          </tr>
        );
      })}
    </DataTable>
  );
}
