/** @file The frame of every page: one file that loads nothing and runs nothing. */
import type { ComponentChildren, JSX } from "preact";
import { render } from "preact-render-to-string";

/** Nothing may be fetched and nothing may run, whatever a label or a prompt holds. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** What differs between pages. */
interface DocumentProps {
  readonly title: string;
  readonly style: string;
  /** The body's. */
  readonly children: ComponentChildren;
}

/** A whole page. */
export function Document({ title, style, children }: DocumentProps): JSX.Element {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content={POLICY} />
        <title>{title}</title>
        <link rel="icon" href="data:," />
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>{children}</body>
    </html>
  );
}

/** A {@link Document} as the text of a file. */
export function renderDocument(page: JSX.Element): string {
  return `<!doctype html>\n${render(page)}\n`;
}
