/**
 * @file Which tokens decide for an answer class: the first one of each of its forms.
 *
 * A form is a text that continues the prompt, and a tokenizer may cut it differently there than alone ("▁▁is" alone,
 * "▁is" after a word). So its tokens are read off in context: the ids of prompt + form must begin with those of the
 * prompt, and what follows are the form's. A bare space that all forms of all classes begin with ("▁" before "is")
 * decides nothing: it is appended to every prompt, and the token after it counts. More than spaces is not appended, it
 * would put half of the answer into the prompt: classes that share such a first token are refused.
 */
import { PlanError, present } from "../errors.js";
import type { CausalAudit } from "../plan/audit.js";
import type { Encoded, Tokenizer } from "./tokenizer.js";

/** Tokens of one answer form. */
export interface FormTokens {
  readonly class: string;
  /** The form as the audit has it. */
  readonly form: string | readonly number[];
  /** Token ids, at least one. */
  readonly ids: readonly number[];
}

/** What decides over the classes. */
export interface AnswerTokens {
  readonly classes: readonly string[];
  /** `[class][]`: distinct deciding token ids, in the order of the forms. */
  readonly tokens: readonly (readonly number[])[];
  /** Blank tokens that every form begins with: appended to every prompt. */
  readonly shared: readonly number[];
  readonly warnings: readonly string[];
}

/**
 * The deciding tokens of forms whose ids are known.
 *
 * @throws {@link PlanError} `SHARED_ANSWER_TOKEN` for classes that share their deciding token, all clashes at once.
 */
export function decideTokens(
  forms: readonly FormTokens[],
  { audit, tokenizer }: { readonly audit: CausalAudit; readonly tokenizer?: Tokenizer },
): Omit<AnswerTokens, "warnings"> {
  const shared = sharedStart(forms, (id) => tokenizer?.isBlank(id) === true);
  const spell = (id: number): string | undefined => tokenizer?.spell(id);
  const deciding = ({ ids }: FormTokens): number =>
    present(ids[shared.length], "deciding token of a form");
  const clashes = forms.flatMap((a, i) =>
    forms
      .slice(i + 1)
      .filter((b) => a.class !== b.class && deciding(a) === deciding(b))
      .map((b) => clash({ a, b, token: deciding(a), spell })),
  );
  if (clashes.length > 0) {
    throw new PlanError("answer classes share their first token", {
      code: "SHARED_ANSWER_TOKEN",
      where: `audit "${audit.id}"`,
      expected: "forms of which the first token tells the classes apart",
      found: clashes.join("; "),
      hint: "choose words with different beginnings, or put what they share at the end of the prompts",
    });
  }
  const classes = Object.keys(audit.answers);
  return {
    classes,
    tokens: classes.map((name) => [
      ...new Set(forms.filter((form) => form.class === name).map(deciding)),
    ]),
    shared,
  };
}

/** Longest start of blank tokens that is common to all forms and leaves each at least one token. */
function sharedStart(
  forms: readonly FormTokens[],
  isBlank: (id: number) => boolean,
): readonly number[] {
  const first = forms[0]?.ids ?? [];
  const limit = Math.max(0, Math.min(...forms.map(({ ids }) => ids.length)) - 1);
  const isShared = (id: number, i: number): boolean =>
    isBlank(id) && forms.every(({ ids }) => ids[i] === id);
  const end = first.findIndex((id, i) => i >= limit || !isShared(id, i));
  return end === -1 ? first : first.slice(0, end);
}

interface Clash {
  readonly a: FormTokens;
  readonly b: FormTokens;
  readonly token: number;
  readonly spell: (id: number) => string | undefined;
}

function clash({ a, b, token, spell }: Clash): string {
  const spelling = spell(token);
  const name = spelling === undefined ? "" : ` ${JSON.stringify(spelling)}`;
  return `${nameForm(a)} and ${nameForm(b)} share token ${token}${name}`;
}

function nameForm({ class: name, form }: FormTokens): string {
  return `${JSON.stringify(form)} of class "${name}"`;
}

/** Token ids of every form that an audit lists as ids. */
export function formsOfIds(audit: CausalAudit): readonly FormTokens[] {
  return listForms(audit).flatMap(({ class: name, form }) =>
    typeof form === "string" ? [] : [{ class: name, form, ids: form }],
  );
}

/** A sample of this size shows how a form is cut after the prompts of an audit. */
const SAMPLE = 16;

/**
 * Token ids of every form of an audit of texts, as they continue its prompts.
 *
 * @throws {@link PlanError} `ANSWER_NOT_A_CONTINUATION` for forms that melt into the end of every prompt, all at once.
 */
export function formsOfTexts(
  audit: CausalAudit,
  prompts: readonly Encoded[],
  tokenizer: Tokenizer,
): { readonly forms: readonly FormTokens[]; readonly warnings: readonly string[] } {
  const step = Math.max(1, Math.floor(prompts.length / SAMPLE));
  const sample = prompts.filter((_, i) => i % step === 0).slice(0, SAMPLE);
  const read = listForms(audit).flatMap(({ class: name, form }) =>
    typeof form === "string" ? [readForm({ name, form }, sample, tokenizer)] : [],
  );
  const melted = read.filter(({ ids }) => ids === undefined);
  if (melted.length > 0) throw meltedError(audit, { melted, sample, tokenizer });
  return {
    forms: read.flatMap(({ name, form, ids }) =>
      ids === undefined ? [] : [{ class: name, form, ids }],
    ),
    warnings: read.flatMap(({ warning }) => (warning === undefined ? [] : [warning])),
  };
}

interface TextForm {
  readonly name: string;
  readonly form: string;
}

interface ReadForm extends TextForm {
  readonly ids?: readonly number[];
  readonly warning?: string;
}

/** The cut that most prompts of the sample give (the first of equals), and a warning unless all give it. */
function readForm(
  { name, form }: TextForm,
  sample: readonly Encoded[],
  tokenizer: Tokenizer,
): ReadForm {
  const cuts = sample.map((prompt) => continuation(prompt, form, tokenizer));
  const counts = new Map<string, { readonly ids: readonly number[]; n: number }>();
  for (const ids of cuts.filter((cut) => cut !== undefined)) {
    const seen = counts.get(ids.join());
    if (seen === undefined) counts.set(ids.join(), { ids, n: 1 });
    else seen.n++;
  }
  const best = [...counts.values()].sort((a, b) => b.n - a.n)[0];
  if (best === undefined) return { name, form };
  if (best.n === cuts.length) return { name, form, ids: best.ids };
  const cut = best.ids.map((id) => JSON.stringify(tokenizer.spell(id) ?? id)).join(" ");
  const warning =
    `answer form ${JSON.stringify(form)} of class "${name}" is cut as ${cut} after ` +
    `${best.n} of ${cuts.length} sampled prompts and differently after the others; this cut is used for all`;
  return { name, form, ids: best.ids, warning };
}

/** Ids that `form` adds to a prompt; `undefined` where it changes the ids of the prompt itself or adds none. */
function continuation(
  { text, ids, leading }: Encoded,
  form: string,
  tokenizer: Tokenizer,
): readonly number[] | undefined {
  const whole = tokenizer.encodePlain(text + form);
  const start = ids.slice(leading);
  const added = whole.slice(start.length);
  return added.length > 0 && start.every((id, i) => whole[i] === id) ? added : undefined;
}

interface Melted {
  readonly melted: readonly TextForm[];
  readonly sample: readonly Encoded[];
  readonly tokenizer: Tokenizer;
}

function meltedError(audit: CausalAudit, { melted, sample, tokenizer }: Melted): PlanError {
  const prompt = present(sample[0], "sampled prompt");
  const lines = melted.map(({ name, form }) => {
    const whole = tokenizer.encodePlain(prompt.text + form);
    const end = whole.slice(-3).map((id) => JSON.stringify(tokenizer.spell(id) ?? id));
    return `${JSON.stringify(form)} of class "${name}" (the text then ends in ${end.join(" ")})`;
  });
  return new PlanError(
    "answer forms do not continue the prompts: they change the prompts' own tokens",
    {
      code: "ANSWER_NOT_A_CONTINUATION",
      where: `audit "${audit.id}", for example after ${JSON.stringify(prompt.text.slice(-40))}`,
      expected: "ids of prompt + form that begin with the ids of the prompt",
      found: lines.join("; "),
      hint: "begin the forms with a space, and end no prompt with one",
    },
  );
}

function listForms(
  audit: CausalAudit,
): readonly { readonly class: string; readonly form: string | readonly number[] }[] {
  return Object.entries(audit.answers).flatMap(([name, forms]) =>
    forms.map((form) => ({ class: name, form })),
  );
}
