/**
 * @file Small pieces of the page that every section uses.
 */
import type { ComponentChildren, JSX } from "preact";

import { DIRECTIONS } from "../../measure/measures.js";
import type { ByDirection, Measure, VariableWord } from "../../verdict/verdicts.js";
import { ABSENT, intervalText, plainText, valueText } from "../figure-text.js";
import { WORDS } from "../words.js";

/** A verdict word in its colour. */
export function Word({ word }: { readonly word: VariableWord }): JSX.Element {
  return <span class={`word is-${word}`}>{WORDS[word].title}</span>;
}

/** A verdict as one letter on its colour and pattern; what stands beside it says the word. */
export function Tile({ word }: { readonly word: VariableWord }): JSX.Element {
  return (
    <span class={`tile is-${word}`} aria-hidden="true">
      {WORDS[word].letter}
    </span>
  );
}

/** A table that scrolls inside its own box, reachable by keyboard. */
export function DataTable(props: {
  readonly caption: string;
  readonly head: readonly Heading[];
  readonly children: ComponentChildren;
  readonly class?: string;
}): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={nameOf(props.caption)}>
      <table class={props.class}>
        <caption>{props.caption}</caption>
        <thead>
          <tr>
            {props.head.map(({ text, isNumber }) => (
              <th scope="col" class={isNumber === true ? "n" : undefined}>
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}

/** The beginning of a caption: enough to tell one region from the next. */
function nameOf(caption: string): string {
  return `Table: ${Array.from(caption).slice(0, 40).join("")}`;
}

/** A column's heading. */
export interface Heading {
  readonly text: string;
  readonly isNumber?: boolean;
}

/** Headings of text columns. */
export function texts(...names: readonly string[]): readonly Heading[] {
  return names.map((text) => ({ text }));
}

/** Headings of number columns. */
export function numbers(...names: readonly string[]): readonly Heading[] {
  return names.map((text) => ({ text, isNumber: true }));
}

/** The heading cell of a row. */
export function RowHead({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <th scope="row">{children}</th>;
}

/** A cell with a measure: the value and, quieter, its interval. */
export function MeasureCell({ of }: { readonly of: Measure | undefined }): JSX.Element {
  if (of === undefined) return <td class="n">{ABSENT}</td>;
  if (of.kind === "undefined") return <td class="why">undefined: {of.reason}</td>;
  return (
    <td>
      {valueText(of)} <i>{intervalText(of)}</i>
    </td>
  );
}

/** A row of measures, one cell per direction. */
export function DirectionCells({ of }: { readonly of: ByDirection }): JSX.Element {
  return (
    <>
      {DIRECTIONS.map((key) => (
        <MeasureCell of={of[key]} />
      ))}
    </>
  );
}

/** A cell with a number that has no interval. */
export function Plain({ of }: { readonly of: number | undefined }): JSX.Element {
  return <td class="n">{of === undefined ? ABSENT : plainText(of)}</td>;
}

/** Reasons as a list; nothing where there are none. */
export function Reasons({ of }: { readonly of: readonly string[] }): JSX.Element | null {
  if (of.length === 0) return null;
  return (
    <ul class="reasons">
      {of.map((reason) => (
        <li>{reason}</li>
      ))}
    </ul>
  );
}

/** Labels beside a verdict. */
export function Labels({ of }: { readonly of: readonly string[] }): JSX.Element | null {
  if (of.length === 0) return null;
  return (
    <span class="labels">
      {of.map((label) => (
        <span class="label">{label}</span>
      ))}
    </span>
  );
}

/** Folded away, with one line that says what is inside. */
export function Fold(props: {
  readonly summary: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <details>
      <summary>{props.summary}</summary>
      {props.children}
    </details>
  );
}

const BRIEF = 90;

/** The beginning of a text that somebody may have made very long; the whole one is in the embedded result. */
export function brief(text: string, most = BRIEF): string {
  if (text.length <= most) return text;
  const letters = Array.from(text);
  if (letters.length <= most) return text;
  return `${letters.slice(0, most).join("")}… (${letters.length - most} more characters)`;
}
