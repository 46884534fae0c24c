/**
 * @file What the verdicts stand on: natural behaviour, items counted in and out, and the self-checks of both models.
 */
import type { JSX } from "preact";

import type { AuditMeasures } from "../../measure/measures.js";
import { percentText, plainText } from "../figure-text.js";
import type { PreflightEntry, Result } from "../schema.js";
import { brief, DataTable, MeasureCell, RowHead, numbers, texts } from "./parts.js";

/** Natural accuracy, items and self-checks. */
export function Evidence({ result }: { readonly result: Result }): JSX.Element {
  return (
    <>
      <section aria-labelledby="evidence">
        <h2 id="evidence">Natural behaviour and items</h2>
        <p>
          Before any intervention: how often each model gives the right answer among the answer
          classes, and how much of its probability those classes hold. Pairs are drawn from items
          that the base answers rightly; items that only the tuned model gets wrong stay in, because
          they are the finding.
        </p>
        <Accuracy result={result} />
        <h3>Items, counted</h3>
        <Items audits={result.audits} />
      </section>
      <section aria-labelledby="checks">
        <h2 id="checks">Self-checks</h2>
        <p>
          Every run first proves on real tokens that cutting and patching the models is sound. A
          check beyond its bound stops the run.
        </p>
        <Preflight checks={result.preflight} />
      </section>
    </>
  );
}

function Accuracy({ result }: { readonly result: Result }): JSX.Element {
  return (
    <DataTable
      caption="Natural accuracy (share of items, with interval) and mean probability of the answer classes"
      head={[
        ...texts("Variable", "Audit"),
        ...numbers("n", "base accuracy", "tuned accuracy", "base answer mass", "tuned answer mass"),
      ]}
    >
      {result.audits.map(({ audit, variable, natural }) => {
        const judged = result.variables.find((v) => v.audit === audit && v.variable === variable);
        return (
          <tr>
            <RowHead>{brief(variable)}</RowHead>
            <td>{audit}</td>
            <td class="n">{natural.base.accuracy.n}</td>
            <MeasureCell of={judged?.accuracy.base} />
            <MeasureCell of={judged?.accuracy.tuned} />
            <td class="n">{percentText(natural.base.answerMass)}</td>
            <td class="n">{percentText(natural.tuned.answerMass)}</td>
          </tr>
        );
      })}
    </DataTable>
  );
}

function Items({ audits }: { readonly audits: readonly AuditMeasures[] }): JSX.Element {
  return (
    <DataTable
      caption="Items made, left out, answered rightly, and used in each part"
      head={[
        ...texts("Variable"),
        ...numbers("made", "left out: too long", "left out: base wrong"),
        ...numbers("base right", "tuned right", "both right", "train", "validation", "test"),
        ...texts("held out by"),
      ]}
    >
      {audits.map(({ variable, items }) => (
        <tr>
          <RowHead>{brief(variable)}</RowHead>
          {[
            items.generated,
            items.tooLong,
            items.generated - items.tooLong - items.baseRight,
            items.baseRight,
            items.tunedRight,
            items.bothRight,
            items.train,
            items.validation,
            items.test,
          ].map((count) => (
            <td class="n">{count}</td>
          ))}
          <td>{items.heldOut}</td>
        </tr>
      ))}
    </DataTable>
  );
}

function Preflight({ checks }: { readonly checks: readonly PreflightEntry[] }): JSX.Element {
  return (
    <DataTable
      caption="Self-checks of both models"
      head={[...texts("Check", "Model"), ...numbers("value", "bound"), ...texts("unit", "result")]}
    >
      {checks.map(({ check, model, value, bound, unit, ok, relation }) => (
        <tr>
          <RowHead>{check}</RowHead>
          <td>{model}</td>
          <td class="n">{plainText(value)}</td>
          <td class="n">
            {relation === "at least" ? "≥" : "≤"} {plainText(bound)}
          </td>
          <td>{unit}</td>
          <td class={ok ? "is-transfers" : "is-fails"}>{ok ? "passed" : "failed"}</td>
        </tr>
      ))}
    </DataTable>
  );
}
