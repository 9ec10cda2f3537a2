/** The form that a function's parameters make, and what came of a call or of a dry run. */
import { useEffect, useState } from "preact/hooks";
import type { ByteFormat } from "../model/bytes.ts";
import { argumentsOf, type Input, inputOf, usualKeys } from "../model/call-form.ts";
import { duration } from "../model/figures.ts";
import { blank, type JsonSchema, parsed } from "../model/json-form.ts";
import { type Reply, showReply } from "../model/show-reply.ts";
import { command, get, reason } from "./api.ts";
import { type DryRun, dryRun } from "./dry-run.ts";
import { DryRunView } from "./dry-run-view.tsx";
import { Icon } from "./icons.tsx";
import { JsonInput } from "./json-input.tsx";
import type { LibraryFunction } from "./library.ts";
import { Field, FormatChoice } from "./parts.tsx";

type Outcome =
  | { readonly kind: "result"; readonly reply: Reply; readonly us: number }
  | { readonly kind: "dry run"; readonly run: DryRun }
  | { readonly kind: "error"; readonly text: string };

const LUA_INPUTS: readonly Input[] = ["Keys", "Arguments"].map((name) => ({
  parameter: { name, type: "string", optional: true, rest: true },
  kind: "lines",
  choices: [],
}));

type Schemas = Readonly<Record<string, JsonSchema>>;

export function CallForm({ library, fn, isLua }: { library: string; fn: LibraryFunction; isLua: boolean }) {
  const inputs = isLua ? LUA_INPUTS : fn.parameters.map(inputOf);
  const [texts, setTexts] = useState<ReadonlyMap<string, string>>(new Map());
  const [formats, setFormats] = useState<ReadonlyMap<string, ByteFormat>>(new Map());
  const [schemas, setSchemas] = useState<Schemas>({});
  const [keys, setKeys] = useState(String(usualKeys(fn.parameters)));
  const [errors, setErrors] = useState<ReadonlyMap<string, string>>(new Map());
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isReadOnly = fn.flags.includes("no-writes");

  const hasJson = inputs.some(({ kind }) => kind === "json");
  useEffect(() => {
    if (!hasJson) return;
    // Without it, the form has fields for JSON as text.
    void schemasOf(library, fn.name)
      .then((found) => {
        setSchemas(found);
        setTexts((before) => new Map([...blanks(inputs, found), ...before]));
      })
      .catch(() => {});
  }, []);

  const run = async (isDry: boolean): Promise<void> => {
    const { words, errors: found } = argumentsOf(inputs, texts, formats);
    const count = isLua ? lineCount(texts.get("Keys")) : Math.min(Number(keys), words.length);
    setErrors(found);
    if (found.size > 0) return setOutcome(null);
    setBusy(true);
    const began = performance.now();
    try {
      if (isDry) setOutcome({ kind: "dry run", run: await dryRun(fn.name, count, words) });
      else {
        const reply = await command(isReadOnly ? "FCALL_RO" : "FCALL", fn.name, count, ...words);
        setOutcome({ kind: "result", reply, us: (performance.now() - began) * 1000 });
      }
    } catch (thrown) {
      setOutcome({ kind: "error", text: reason(thrown) });
    }
    setBusy(false);
  };
  return (
    <form
      class="call panel-body"
      aria-labelledby="call-title"
      onSubmit={(event) => {
        event.preventDefault();
        void run(true);
      }}
    >
      <h3 id="call-title">
        Call <code>{fn.name}</code>
      </h3>
      {fn.description !== "" && (
        <p class="soft">
          {fn.description
            .split("`")
            .map((part, index) => (index % 2 === 1 ? <code key={`${index} ${part}`}>{part}</code> : part))}
        </p>
      )}
      {inputs.length === 0 && <p class="soft">It takes no arguments.</p>}
      <div class="call-fields">
        {inputs.map((input) => (
          <ArgumentField
            key={input.parameter.name}
            input={input}
            text={texts.get(input.parameter.name) ?? ""}
            schema={schemas[input.parameter.name] ?? null}
            format={formats.get(input.parameter.name) ?? "text"}
            onFormat={(format) => setFormats(new Map(formats).set(input.parameter.name, format))}
            error={errors.get(input.parameter.name) ?? null}
            onInput={(text) => setTexts(new Map(texts).set(input.parameter.name, text))}
          />
        ))}
        {!isLua && inputs.length > 0 && (
          <Field label="Keys among the arguments" hint="How many of the first ones are declared as keys.">
            <input
              type="number"
              min="0"
              max={String(Math.max(inputs.length, 1))}
              value={keys}
              onInput={(event) => setKeys(event.currentTarget.value)}
            />
          </Field>
        )}
      </div>
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy}>
          Dry run
        </button>
        <button type="button" disabled={isBusy} onClick={() => void run(false)}>
          <Icon name="play" />
          Call
        </button>
        <span class="soft">A dry run shows what a call would change, and changes nothing.</span>
      </div>
      <div class="outcome" aria-live="polite">
        {outcome?.kind === "error" && <p class="error-text code-block wrap">{outcome.text}</p>}
        {outcome?.kind === "result" && (
          <>
            <h4>
              Result <span class="soft">{duration(outcome.us)} with the way there and back</span>
            </h4>
            <pre class="code-block wrap">{showReply(outcome.reply)}</pre>
          </>
        )}
        {outcome?.kind === "dry run" && <DryRunView run={outcome.run} />}
      </div>
    </form>
  );
}

/** By the parameter's name. */
async function schemasOf(library: string, name: string): Promise<Schemas> {
  const path = `/v1/call/${encodeURIComponent(library)}/${encodeURIComponent(name)}`;
  const answer = (await get(path)) as { arguments: { properties?: Schemas } };
  return answer.arguments.properties ?? {};
}

/** What the fields of JSON begin with. */
function blanks(inputs: readonly Input[], schemas: Schemas): [string, string][] {
  return inputs.flatMap(({ kind, parameter: { name, optional } }) => {
    const schema = schemas[name];
    const value = kind !== "json" || optional || schema === undefined ? undefined : blank(schema);
    return value === undefined ? [] : [[name, JSON.stringify(value)]];
  });
}

function lineCount(text: string | undefined): number {
  return text === undefined || text === "" ? 0 : text.split("\n").length;
}

function ArgumentField(props: {
  input: Input;
  text: string;
  schema: JsonSchema | null;
  format: ByteFormat;
  error: string | null;
  onInput: (text: string) => void;
  onFormat: (format: ByteFormat) => void;
}) {
  const { input, text, schema, format, error, onInput, onFormat } = props;
  const [isText, setText] = useState(false);
  const { parameter, kind, choices } = input;
  const id = `argument-${parameter.name}`;
  const onEvent = (event: { currentTarget: { value: string } }): void => onInput(event.currentTarget.value);
  const shared = {
    id,
    value: text,
    "aria-invalid": error !== null,
    "aria-describedby": `${id}-note`,
    autocomplete: "off" as const,
    spellcheck: false,
  };
  const read = text === "" ? { value: undefined } : parsed(text);
  if (kind === "json" && schema !== null && !isText && read !== null) {
    return (
      <div class="call-json">
        <JsonInput
          id={id}
          label={parameter.name}
          schema={schema}
          isOptional={parameter.optional}
          value={read.value}
          onChange={(value) => onInput(value === undefined ? "" : JSON.stringify(value))}
        />
        <span class="field-hint" id={`${id}-note`}>
          <code>{parameter.type}</code>{" "}
          <button
            type="button"
            class="quiet small"
            aria-label={`Write it as JSON: ${parameter.name}`}
            onClick={() => setText(true)}
          >
            Write it as JSON
          </button>
          {error !== null && <span class="error-text"> {error}</span>}
        </span>
      </div>
    );
  }
  return (
    <div class={`field ${kind === "json" && schema !== null ? "call-json" : ""}`}>
      <label class="field-label" for={id}>
        {parameter.name}
        {parameter.optional && !parameter.rest && <span class="soft"> optional</span>}
      </label>
      {(kind === "choice" || kind === "boolean") && (
        <select id={id} value={text} aria-describedby={`${id}-note`} onChange={onEvent}>
          <option value="">{parameter.optional ? "left out" : "choose"}</option>
          {choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      )}
      {kind === "text" && <input {...shared} class="mono" onInput={onEvent} />}
      {kind === "bytes" && (
        <div class="with-format">
          <input {...shared} class="mono" onInput={onEvent} />
          <FormatChoice of={parameter.name} format={format} onChange={onFormat} />
        </div>
      )}
      {kind === "number" && <input {...shared} class="mono" inputMode="decimal" onInput={onEvent} />}
      {(kind === "json" || kind === "lines") && <textarea {...shared} class="mono" rows={3} onInput={onEvent} />}
      <span class="field-hint" id={`${id}-note`}>
        {kind === "lines" ? "One a line" : <code>{parameter.type}</code>}
        {kind === "json" && ", as JSON "}
        {kind === "json" && schema !== null && (
          <button
            type="button"
            class="quiet small"
            aria-label={`Fill it in field by field: ${parameter.name}`}
            disabled={read === null}
            onClick={() => setText(false)}
          >
            Fill it in field by field
          </button>
        )}
        {error !== null && <span class="error-text"> {error}</span>}
      </span>
    </div>
  );
}
