/** @file Pairs that the learned maps of a site did not bring over: prompts, the answer that came, the one expected. */
import type { JSX } from "preact";

import {
  DIRECTIONS,
  type AuditMeasures,
  type CellMeasures,
  type KeptPrompt,
} from "../../measure/measures.js";
import { brief, DataTable, RowHead, texts } from "./parts.js";

/** Longest prompt that is shown whole. */
const MOST = 280;

/** The first failing trials of each direction; a sentence where there are none, or none were kept. */
export function Examples(props: {
  readonly cell: CellMeasures | undefined;
  readonly audit: AuditMeasures | undefined;
}): JSX.Element | null {
  const { cell, audit } = props;
  const examples = cell?.examples;
  const trials = cell?.trials.find(({ table }) => table === "causal");
  if (examples === undefined || trials === undefined) return null;
  const rows = DIRECTIONS.flatMap((key) =>
    (examples[key] ?? []).map((failed) => ({ key, failed })),
  );
  const prompts = audit?.prompts ?? {};
  return (
    <>
      <h4>Pairs that failed</h4>
      {rows.length === 0 ? (
        <p class="quiet small">None: every trial of the learned maps gave the expected answer.</p>
      ) : (
        <>
          {rows.length > 0 && audit?.prompts === undefined && (
            <p class="quiet small">The prompts were not kept: the policy says `prompts: none`.</p>
          )}
          <DataTable
            caption="Interchanges of the learned maps that did not give the expected answer: the first of each direction in the order of the trials (at most five), so nobody chose them"
            head={texts(
              "Direction",
              "Target prompt",
              "Source prompt",
              "Patched answer",
              "Expected answer",
              "Trial",
            )}
          >
            {rows.map(({ key, failed: { trial, answer, expected } }) => (
              <tr>
                <RowHead>{key}</RowHead>
                <PromptCell of={prompts[String(trials.target[trial])]} />
                <PromptCell of={prompts[String(trials.source[trial])]} />
                <td>
                  <bdi>{brief(answer)}</bdi>
                </td>
                <td>
                  <bdi>{brief(expected)}</bdi>
                </td>
                <td class="n">{trial}</td>
              </tr>
            ))}
          </DataTable>
        </>
      )}
    </>
  );
}

function PromptCell({ of }: { readonly of: KeptPrompt | undefined }): JSX.Element {
  if (of === undefined) return <td class="quiet">not kept</td>;
  if ("sha256" in of) {
    return (
      <td>
        SHA-256 <code>{of.sha256.slice(0, 16)}…</code>
      </td>
    );
  }
  return (
    <td class="wide">
      <bdi>{brief(of.text, MOST)}</bdi>
    </td>
  );
}
