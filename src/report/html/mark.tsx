/** @file The markers of the charts' series: each has its own shape, so that grey paper tells them apart. */
import type { JSX } from "preact";

/**
 * One series: `cross` into the tuned model or into the target of a chart, `cross2` the other way; `within` the target's
 * own maps, `within2` those of the other model; `swap` the whole state.
 */
export type SeriesKind = "cross" | "cross2" | "within" | "within2" | "swap";

/** Outlines about the origin. */
const SHAPES: Readonly<Record<SeriesKind, string>> = {
  cross: "m-4.2 0a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0-8.4 0",
  cross2: "m0-5l5 8.6h-10z",
  within: "m-3.7-3.7h7.4v7.4h-7.4z",
  within2: "m0-5l5 5l-5 5l-5-5z",
  swap: "m0-3l3 3l-3 3l-3-3z",
};

/** Path of a marker; those of one series can share an element. */
export function markPath(kind: SeriesKind, { x, y }: { x: number; y: number }): string {
  return `M${x} ${y}${SHAPES[kind]}`;
}

/** The marker of a series; also drawn in legends. */
export function Mark(props: {
  readonly kind: SeriesKind;
  readonly x: number;
  readonly y: number;
}): JSX.Element {
  const { kind, x, y } = props;
  return <path class={`mark ${kind}`} d={markPath(kind, { x, y })} />;
}

/** A legend's entry. */
export function Key(props: { readonly kind: SeriesKind; readonly children: string }): JSX.Element {
  return (
    <li>
      <svg viewBox="0 0 38 16" aria-hidden="true">
        <path class={`curve ${props.kind}`} d="M1 8H37" />
        <Mark kind={props.kind} x={19} y={8} />
      </svg>{" "}
      {props.children}
    </li>
  );
}
