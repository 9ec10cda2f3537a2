/** Small parts that every view is made of. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { type ByteFormat, type Bytes, fromField, naturalFormat, showBytes, toField } from "../model/bytes.ts";
import { Icon, type IconName } from "./icons.tsx";

/** The head of a view: its name, what it shows, and what can be done. */
export function Head({
  title,
  note,
  children,
}: {
  title: string;
  note?: ComponentChildren;
  children?: ComponentChildren;
}) {
  return (
    <header class="head">
      <div>
        <h1 tabIndex={-1}>{title}</h1>
        {note !== undefined && <p class="note">{note}</p>}
      </div>
      {children !== undefined && <div class="actions">{children}</div>}
    </header>
  );
}

export function Empty({ title, children, icon }: { title: string; children?: ComponentChildren; icon?: IconName }) {
  return (
    <div class="empty">
      {icon !== undefined && <Icon name={icon} />}
      <p class="empty-title">{title}</p>
      {children !== undefined && <div class="empty-text">{children}</div>}
    </div>
  );
}

export function Failure({ text, onRetry }: { text: string; onRetry?: () => void }) {
  return (
    <div class="failure" role="alert">
      <Icon name="alert" />
      <span>{text.startsWith("NOPERM ") ? `Not permitted: ${text.slice(7)}` : text}</span>
      {onRetry !== undefined && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A field that a view's list is narrowed by; `/` goes to it. */
export function Filter(props: {
  label: string;
  value: string;
  placeholder?: string;
  onInput: (value: string) => void;
  /** The arrow down: on into the list. */
  onDown?: () => void;
}) {
  return (
    <label class="filter">
      <span class="visually-hidden">{props.label}</span>
      <Icon name="search" />
      <input
        type="search"
        data-filter
        autocomplete="off"
        spellcheck={false}
        value={props.value}
        placeholder={props.placeholder ?? props.label}
        onInput={(event) => props.onInput(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" || props.onDown === undefined) return;
          event.preventDefault();
          props.onDown();
        }}
      />
    </label>
  );
}

/** Bytes of a key or a value: hidden characters are shown, and the text's direction stays its own. */
export function Shown({ value, length_max = 300 }: { value: Bytes; length_max?: number }) {
  const text = showBytes(value, { length_max });
  return <span class="bytes">{text === "" ? <em class="nothing">empty</em> : text}</span>;
}

export function Field(props: { label: string; hint?: ComponentChildren; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label class="field">
      <span class="field-label">{props.label}</span>
      {props.children}
      {props.hint !== undefined && <span class="field-hint">{props.hint}</span>}
    </label>
  );
}

/** A time to live, as it is typed. */
export function SecondsField(props: { label: string; hint: string; value: string; onInput: (value: string) => void }) {
  return (
    <Field label={props.label} hint={props.hint}>
      <input
        inputMode="numeric"
        value={props.value}
        onInput={(event) => props.onInput(event.currentTarget.value)}
        autocomplete="off"
      />
    </Field>
  );
}

/** What a field for bytes holds while it is edited. */
export interface BytesDraft {
  readonly text: string;
  readonly format: ByteFormat;
}

export function draftOf(value: Bytes): BytesDraft {
  const format = naturalFormat(value);
  return { format, text: toField(value, format) };
}

export function draftValue(draft: BytesDraft): Bytes {
  return fromField(draft.text, draft.format);
}

const FORMATS: readonly (readonly [ByteFormat, string])[] = [
  ["text", "Text"],
  ["hex", "Hex"],
  ["base64", "Base64"],
];

/** How bytes are written in the field beside it. */
export function FormatChoice(props: { of: string; format: ByteFormat; onChange: (format: ByteFormat) => void }) {
  return (
    <select
      aria-label={`Format of ${props.of}`}
      value={props.format}
      onChange={(event) => props.onChange(event.currentTarget.value as ByteFormat)}
    >
      {FORMATS.map(([value, label]) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </select>
  );
}

export function BytesField(props: {
  label: string;
  draft: BytesDraft;
  onChange: (draft: BytesDraft) => void;
  rows?: number;
  readOnly?: boolean;
}) {
  const { draft, onChange } = props;
  const [error, setError] = useState<string | null>(null);
  const change = (format: ByteFormat): void => {
    try {
      onChange({ format, text: toField(draftValue(draft), format) });
      setError(null);
    } catch (thrown) {
      setError(thrown instanceof Error ? thrown.message : String(thrown));
    }
  };
  return (
    <div class="field">
      <div class="field-top">
        <span class="field-label" aria-hidden="true">
          {props.label}
        </span>
        <FormatChoice of={props.label.toLowerCase()} format={draft.format} onChange={change} />
      </div>
      <textarea
        aria-label={props.label}
        class="mono"
        rows={props.rows ?? 2}
        spellcheck={false}
        readOnly={props.readOnly ?? false}
        value={draft.text}
        onInput={(event) => onChange({ ...draft, text: event.currentTarget.value })}
      />
      {error !== null && <span class="error-text">{error}</span>}
    </div>
  );
}

/** What may be wider than the screen: it scrolls by itself, with the keyboard too. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="table-scroll" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}

/** The heading of a column: of text, of numbers, or one that only screen readers are told. */
export type Column = string | { readonly number: string } | { readonly hidden: string };

/** The head of a table. */
export function Columns({ names }: { names: readonly Column[] }) {
  return (
    <thead>
      <tr>
        {names.map((name) => {
          if (typeof name === "string") {
            return (
              <th key={name} scope="col">
                {name}
              </th>
            );
          }
          if ("number" in name) {
            return (
              <th key={name.number} scope="col" class="number">
                {name.number}
              </th>
            );
          }
          return (
            <th key={name.hidden} scope="col">
              <span class="visually-hidden">{name.hidden}</span>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}
