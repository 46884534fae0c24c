/**
 * @file Small pieces of the page that every section uses.
 */
import type { ComponentChildren, JSX } from "preact";

import type { Measure, VariableWord } from "../../verdict/verdicts.js";
import { ABSENT, intervalText, valueText } from "../figure-text.js";
import { WORDS } from "../words.js";

/** A verdict word in its colour. */
export function Word({ word }: { readonly word: VariableWord }): JSX.Element {
  return <span class={`word is-${word}`}>{WORDS[word].title}</span>;
}

/** A verdict as one letter, with the word for those who hear the page. */
export function Tile({ word }: { readonly word: VariableWord }): JSX.Element {
  const { letter, title } = WORDS[word];
  return (
    <abbr class={`tile is-${word}`} title={title} aria-label={title} style="text-decoration: none">
      {letter}
    </abbr>
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
    <div class="scroll" tabIndex={0} role="region" aria-label={props.caption}>
      <table class={props.class}>
        <caption>{props.caption}</caption>
        <thead>
          <tr>
            {props.head.map(({ text, isNumber }) => (
              <th scope="col" class={isNumber === true ? "number" : undefined}>
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

/** A cell with a measure: the value and, quieter, its interval. */
export function MeasureCell({ of }: { readonly of: Measure | undefined }): JSX.Element {
  if (of === undefined) return <td class="number quiet">{ABSENT}</td>;
  if (of.kind === "undefined") return <td class="quiet">undefined: {of.reason}</td>;
  return (
    <td class="number" title={`n = ${of.n}, ${of.method}`}>
      {valueText(of)} <span class="quiet">{intervalText(of)}</span>
    </td>
  );
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
