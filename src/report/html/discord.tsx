/**
 * @file Where correlation and causation disagree: how alike the states of both models look against whether the variable
 * can be exchanged. The correlative measures stand beside the verdicts and decide nothing.
 */
import type { JSX } from "preact";

import type { CellMeasures, SimilarityFigure } from "../../measure/measures.js";
import type { Measure, SiteVerdict } from "../../verdict/verdicts.js";
import { ABSENT } from "../figure-text.js";
import { placeText } from "../highlights.js";
import type { Result } from "../schema.js";
import { WORDS } from "../words.js";
import { DiscordChart } from "./discord-chart.js";
import { brief, DataTable, MeasureCell, RowHead, Tile, Word, numbers, texts } from "./parts.js";
import { siteId } from "./places.js";

/** A site that says something both ways. */
export interface Compared {
  readonly variable: string;
  readonly href: string;
  readonly site: SiteVerdict;
  readonly similarity: NonNullable<CellMeasures["similarity"]>;
  /** The lower of the two cross ratios; absent where one model does not encode the variable. */
  readonly worst: Measure | undefined;
}

/** Rows of the table. */
const SHOWN = 10;

/** Scatter and table; a sentence where no site has both. */
export function Discord({ result }: { readonly result: Result }): JSX.Element {
  const compared = comparedSites(result);
  return (
    <section aria-labelledby="correlation">
      <h2 id="correlation">Where correlation and causation disagree</h2>
      <p class="quiet">
        Correlative measures compare how the states of both models are arranged, whatever the models
        do with them. They never decide a verdict: two models can look alike and no longer exchange
        a variable, or look different and still do.
      </p>
      {compared.length === 0 ? (
        <p>No site of this run has both a correlative figure and a verdict to hold it against.</p>
      ) : (
        <>
          <p>{extremesText(compared)}</p>
          <DiscordChart of={compared} ratio={result.policy.ratio} />
          <DiscordTable of={compared} />
        </>
      )}
    </section>
  );
}

/** Sites where at least one model encodes the variable, with their correlative figures. */
function comparedSites({ variables, cells }: Result): readonly Compared[] {
  const byPlace = new Map(cells.map((cell) => [placeKey(cell.cell), cell]));
  return variables.flatMap(({ audit, variable, sites }, at) =>
    sites.flatMap((site, index): readonly Compared[] => {
      const { similarity } = byPlace.get(placeKey({ ...site, audit, variable })) ?? {};
      const isSilent = site.verdict === "absent" || site.verdict === "not-measurable";
      if (similarity === undefined || isSilent) return [];
      const href = `#${siteId(at, index)}`;
      return [{ variable, href, site, similarity, worst: worstRatio(site) }];
    }),
  );
}

function placeKey(of: Omit<CellMeasures["cell"], never>): string {
  return JSON.stringify([of.audit, of.variable, of.layer, of.role, of.k, of.seed]);
}

function worstRatio({ ratio }: SiteVerdict): Measure | undefined {
  return [ratio["base→tuned"], ratio["tuned→base"]]
    .filter((measure) => measure?.kind === "value")
    .sort((a, b) => a.value - b.value)[0];
}

/** The two sites that argue best against taking likeness for exchange. */
function extremesText(compared: readonly Compared[]): string {
  const known = compared.filter(
    ({ similarity }) => similarity.linearCkaDebiased.value !== undefined,
  );
  const sorted = [...known].sort((a, b) => ckaOf(b) - ckaOf(a));
  const told = ({ variable, site, similarity }: Compared): string =>
    `${brief(variable, 40)}, ${placeText(site)} (${WORDS[site.verdict].title}, CKA ${ckaText(similarity.linearCkaDebiased)})`;
  const alike = sorted.find(({ site }) => site.verdict !== "transfers");
  const unlike = sorted.findLast(({ site }) => site.verdict === "transfers");
  return [
    alike === undefined
      ? "Every site with a figure transfers."
      : `Most alike among those that do not transfer: ${told(alike)}.`,
    unlike === undefined
      ? "No site transfers."
      : `Least alike among those that do: ${told(unlike)}.`,
  ].join(" ");
}

function ckaOf({ similarity }: Compared): number {
  return similarity.linearCkaDebiased.value ?? 0;
}

function ckaText({ value }: SimilarityFigure): string {
  return value === undefined ? ABSENT : value.toFixed(3);
}

/** Looks alike and is not exchanged, or the other way round: the farther, the earlier in the table. */
function discordance(compared: Compared): number {
  const { site } = compared;
  return site.verdict === "transfers" ? 1 - ckaOf(compared) : ckaOf(compared);
}

function DiscordTable({ of }: { readonly of: readonly Compared[] }): JSX.Element {
  const sorted = [...of].sort((a, b) => discordance(b) - discordance(a)).slice(0, SHOWN);
  const { linearCkaDebiased, rsa, procrustes } = sorted[0]?.similarity ?? {};
  const names = [linearCkaDebiased, rsa, procrustes].map((figure) => figure?.measure ?? ABSENT);
  return (
    <DataTable
      caption={`The most discordant sites first (${sorted.length} of ${of.length}): states alike where the variable is not exchanged, or unlike where it is. CKA: ${names[0] ?? ""}; RSA: ${names[1] ?? ""}; Procrustes: ${names[2] ?? ""}. 1 = alike; n: distinct held-out items`}
      head={[
        ...texts("Site", "Verdict"),
        ...numbers("CKA", "RSA", "Procrustes", "n"),
        ...numbers("worst cross ratio"),
      ]}
    >
      {sorted.map(({ variable, href, site, similarity, worst }) => (
        <tr>
          <RowHead>
            <a href={href}>{`${brief(variable, 40)}, ${placeText(site)}`}</a>
          </RowHead>
          <td>
            <Tile word={site.verdict} /> <Word word={site.verdict} />
          </td>
          {[similarity.linearCkaDebiased, similarity.rsa, similarity.procrustes].map((figure) => (
            <SimilarityCell of={figure} />
          ))}
          <td class="n">{similarity.linearCkaDebiased.n}</td>
          <MeasureCell of={worst} />
        </tr>
      ))}
    </DataTable>
  );
}

function SimilarityCell({ of }: { readonly of: SimilarityFigure }): JSX.Element {
  if (of.value === undefined) return <td class="why">{of.undefinedBecause ?? ABSENT}</td>;
  return <td class="n">{ckaText(of)}</td>;
}
