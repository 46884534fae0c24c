/**
 * @file The bottom of the page: everything needed to run this again and get the same numbers.
 */
import { gzipSync } from "node:zlib";
import type { ComponentChildren, JSX } from "preact";

import { bytesText, durationText } from "../figure-text.js";
import { serialiseResult } from "../result-text.js";
import type { Result } from "../schema.js";
import { DataTable, RowHead, numbers, texts } from "./parts.js";

/** Command, digests, versions, seed, options, policy and times. */
export function Repeat(props: {
  readonly result: Result;
  /** As it stands in result.json, to be taken along. */
  readonly stored: Result;
}): JSX.Element {
  const { result, stored } = props;
  const { manifest, policy } = result;
  const { tool, versions, timing } = manifest;
  return (
    <section aria-labelledby="repeat">
      <h2 id="repeat">To repeat this run</h2>
      <p>From the stored result, on the same files; it says what differs:</p>
      <pre>mas-audit reproduce result.json</pre>
      <p>The command as it was typed:</p>
      <pre>{timing.command.map(quoteArgument).join(" ")}</pre>
      <DataTable
        caption="Inputs: the same digests give the same numbers"
        head={[...texts("Input", "SHA-256"), ...numbers("size"), ...texts("path in this run")]}
      >
        {manifest.inputs.map(({ role, sha256, bytes }) => (
          <Input role={role} sha256={sha256} size={bytesText(bytes)} path={timing.paths[role]} />
        ))}
        {manifest.tokenizer !== undefined && <Input role="tokenizer" sha256={manifest.tokenizer} />}
        {manifest.audits.map(({ id, sha256 }) => (
          <Input role={`audit ${id}`} sha256={sha256} path={timing.paths[`audit ${id}`]} />
        ))}
      </DataTable>
      <h3>Settings</h3>
      <dl>
        <Row term="tool">{`${tool.name} ${tool.version}`}</Row>
        <Row term="seed">{String(manifest.seed)}</Row>
        <Row term="layers">{manifest.layers.join(", ")}</Row>
        <Row term="k">{String(manifest.k)}</Row>
        <Row term="options">
          <code>{entriesText(manifest.options)}</code>
        </Row>
        <Row term="policy">
          <code>{entriesText(policy)}</code>
        </Row>
        {manifest.judgedAgain !== undefined && (
          <Row term="judged again">{judgedAgainText(manifest.judgedAgain)}</Row>
        )}
        <Row term="provider">{manifest.provider}</Row>
        <Row term="versions">
          {`Node ${versions.node}, ONNX Runtime ${versions.onnxruntime}, ${versions.platform}`}
          {versions.tensorflow !== undefined && `, TensorFlow.js ${versions.tensorflow}`}
        </Row>
        <Row term="format">{result.schema}</Row>
      </dl>
      <h3>Times (these may differ between identical runs)</h3>
      <dl>
        <Row term="started">{timing.startedAt}</Row>
        <Row term="took">{durationText(timing.elapsedMs)}</Row>
        {timing.peakMemoryBytes !== undefined && (
          <Row term="peak memory">{bytesText(timing.peakMemoryBytes)}</Row>
        )}
        {timing.phases.map(({ name, elapsedMs }) => (
          <Row term={name}>{durationText(elapsedMs)}</Row>
        ))}
      </dl>
      <h3>The complete result</h3>
      <p>
        Every trial of every control lies beside this file as result.json, and inside it:{" "}
        <a download="result.json.gz" href={`data:application/gzip;base64,${packed(stored)}`}>
          result.json.gz
        </a>{" "}
        (compressed; <code>gunzip result.json.gz</code>).
      </p>
    </section>
  );
}

function Row(props: { readonly term: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <>
      <dt>{props.term}</dt>
      <dd>{props.children}</dd>
    </>
  );
}

function Input(props: {
  readonly role: string;
  readonly sha256: string;
  readonly size?: string;
  readonly path?: string | undefined;
}): JSX.Element {
  return (
    <tr>
      <RowHead>{props.role}</RowHead>
      <td>
        <code>{props.sha256}</code>
      </td>
      <td class="n">{props.size}</td>
      <td class="path">{props.path}</td>
    </tr>
  );
}

/** Small enough to travel inside the page, and whole. */
function packed(stored: Result): string {
  return gzipSync(serialiseResult(stored), { level: 9 }).toString("base64");
}

/** As a POSIX shell reads it back. */
function quoteArgument(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

function judgedAgainText({
  version,
  policy,
}: NonNullable<Result["manifest"]["judgedAgain"]>): string {
  const by = policy === undefined ? "the policy of the run" : `a policy file (SHA-256 ${policy})`;
  return `after the run, by mas-audit ${version} under ${by}; the measures are those of the run`;
}

function entriesText(of: object): string {
  return Object.entries(of)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
    .join("; ");
}
