/**
 * @file One site, opened from the map: why it is called so, and every figure behind it as charts with their tables.
 */
import type { JSX } from "preact";

import { DIRECTIONS, type AuditMeasures, type CellMeasures } from "../../measure/measures.js";
import type { SiteVerdict, VariableVerdict } from "../../verdict/verdicts.js";
import { measureText, sentence } from "../figure-text.js";
import { WORDS } from "../words.js";
import { ControlTable, ControlCharts } from "./controls.js";
import { DirectionChart, DirectionTable, GateTable, TestTable } from "./directions.js";
import { DistanceChart, DistanceTable, GeometryTable, LearningText } from "./distances.js";
import { DivergenceParts } from "./divergence.js";
import { Examples } from "./examples.js";
import { brief, Fold, Labels, Reasons, Tile } from "./parts.js";
import { siteId } from "./places.js";
import { SizeChart, SizeTable } from "./sizes.js";

/** What a cell's detail is made from. */
export interface CellProps {
  readonly variable: VariableVerdict;
  /** Numbers of the variable and of the site; they name the anchor. */
  readonly at: number;
  readonly index: number;
  readonly site: SiteVerdict;
  /** What was counted there. */
  readonly cell: CellMeasures | undefined;
  readonly audit: AuditMeasures | undefined;
  /** Share of the ceiling's effect that the policy asks for. */
  readonly ratio: number;
}

/** A site, folded; a link to its anchor opens it. */
export function CellDetail(props: CellProps): JSX.Element {
  const { variable, at, index, site } = props;
  const id = siteId(at, index);
  // the anchor lies inside, so that following a link to it unfolds the detail without a script
  return (
    <details class={hasFigures(site) ? "cell" : "cell still"}>
      <summary>
        <Tile word={site.verdict} />
        <strong>
          {`Layer ${site.layer}, ${brief(site.role, 40)}`}: {WORDS[site.verdict].title}
        </strong>
        <span class="quiet">n = {site.n}</span>
        <span class="interval">{figuresText(site)}</span>
      </summary>
      <div class="cell-body" id={id}>
        <h4>{`${brief(variable.variable)}, layer ${site.layer}, role ${brief(site.role, 40)}: why “${WORDS[site.verdict].title}”`}</h4>
        <Labels of={site.labels} />
        <Reasons of={site.reasons.map(sentence)} />
        <Reasons of={site.warnings.map((warning) => `Warning: ${warning}`)} />
        {hasFigures(site) ? (
          <LearnedParts {...props} id={id} />
        ) : (
          <UnlearnedParts {...props} id={id} />
        )}
      </div>
    </details>
  );
}

function hasFigures({ iia }: SiteVerdict): boolean {
  return Object.values(iia).some((measure) => measure.kind === "value");
}

/** The figures that a reader wants without opening: the cross ratios, or what the models do alone. */
function figuresText({ ratio, controls }: SiteVerdict): string {
  const crossed = DIRECTIONS.filter((key) => ratio[key]?.kind === "value");
  if (crossed.length > 0) {
    return crossed.map((key) => `ratio ${key} ${measureText(ratio[key])}`).join(", ");
  }
  const swapped = DIRECTIONS.filter((key) => controls.fullSwap[key]?.kind === "value");
  return swapped
    .map((key) => `whole swap ${key} ${measureText(controls.fullSwap[key])}`)
    .join(", ");
}

type PartProps = CellProps & { readonly id: string };

/** Where nothing was learned only the first gate has figures. */
function UnlearnedParts(props: PartProps): JSX.Element {
  return (
    <>
      <p class="quiet small">
        Nothing was learned here: swapping the whole state moves no answer in either model.
      </p>
      <ControlTable site={props.site} />
    </>
  );
}

function LearnedParts(props: PartProps): JSX.Element {
  const { site, cell, audit, id, ratio } = props;
  return (
    <>
      <div class="panels">
        <DirectionChart site={site} ratio={ratio} id={`${id}-a`} />
        <SizeChart site={site} id={`${id}-b`} />
      </div>
      <Fold summary="Tables of these charts, gates and tests on the same trials">
        <DirectionTable site={site} />
        <TestTable site={site} />
        <GateTable site={site} cell={cell} />
        <SizeTable site={site} />
      </Fold>
      <h4>Controls, control tasks and isolation</h4>
      <ControlCharts site={site} id={`${id}-c`} />
      <Fold summary="Table of the controls">
        <ControlTable site={site} />
      </Fold>
      <h4>Distance from natural states, and where the subspaces lie</h4>
      <div class="panels">
        <DistanceChart cell={cell} id={`${id}-d`} />
        <LearningText cell={cell} site={site} />
      </div>
      <Fold summary="Tables of distances and subspaces">
        <DistanceTable cell={cell} />
        <GeometryTable site={site} cell={cell} />
      </Fold>
      <DivergenceParts cell={cell} id={`${id}-e`} />
      <Examples cell={cell} audit={audit} />
    </>
  );
}
