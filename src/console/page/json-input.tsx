/** Fields for a value that a schema describes: groups, lists, choices and variants, as deep as they go. */
import { useState } from "preact/hooks";
import {
  blank,
  type FormField,
  fieldOf,
  type Json,
  type JsonSchema,
  parsed,
  partOf,
  typedNumber,
  variantLabel,
  variantOf,
  withField,
} from "../model/json-form.ts";
import { Icon } from "./icons.tsx";

interface JsonInputProps {
  /** Of its control; those within continue it. */
  readonly id: string;
  readonly label: string;
  readonly schema: JsonSchema;
  readonly value: Json | undefined;
  readonly isOptional?: boolean;
  readonly onChange: (value: Json | undefined) => void;
}

export function JsonInput(props: JsonInputProps) {
  const { id, label, schema, value, isOptional = false, onChange } = props;
  const part = partOf(schema);
  if (isOptional && value === undefined && part.kind !== "choice" && part.kind !== "boolean") {
    return (
      <div class="json-left-out">
        <span class="field-label">{label}</span>
        <button
          type="button"
          class="small"
          aria-label={`Give it: ${label}`}
          onClick={() => onChange(blank(schema) ?? (part.kind === "number" ? 0 : null))}
        >
          <Icon name="plus" />
          Give it
        </button>
        <span class="soft">left out</span>
      </div>
    );
  }
  const leaveOut = isOptional && part.kind !== "choice" && part.kind !== "boolean" && (
    <button type="button" class="quiet small" aria-label={`Leave out ${label}`} onClick={() => onChange(undefined)}>
      Leave out
    </button>
  );
  switch (part.kind) {
    case "group":
      return (
        <fieldset class="json-group">
          <legend>{label}</legend>
          {part.fields
            .filter((field) => !isSettled(field, value))
            .map(({ name, schema: own, optional }) => (
              <JsonInput
                key={name}
                id={`${id}-${name}`}
                label={name}
                schema={own}
                isOptional={optional}
                value={fieldOf(value, name)}
                onChange={(field) => onChange(withField(value, name, field))}
              />
            ))}
          {leaveOut}
        </fieldset>
      );
    case "list":
      return <JsonList {...props} item={part.item} leaveOut={leaveOut} />;
    case "variants": {
      const at = variantOf(part.variants, value);
      const chosen = part.variants[at];
      return (
        <fieldset class="json-group">
          <legend>{label}</legend>
          <select
            aria-label={`Which kind of ${label}`}
            value={String(at)}
            onChange={(event) => {
              const next = part.variants[Number(event.currentTarget.value)];
              onChange(next === undefined ? undefined : (blank(next) ?? guess(next)));
            }}
          >
            {part.variants.map((variant, index) => (
              <option key={index} value={String(index)}>
                {variantLabel(variant)}
              </option>
            ))}
          </select>
          {chosen !== undefined && chosen.type !== "null" && (
            <JsonInput
              id={`${id}-${at}`}
              label={variantLabel(chosen)}
              schema={chosen}
              value={value}
              onChange={onChange}
            />
          )}
          {leaveOut}
        </fieldset>
      );
    }
    default:
      return (
        <div class="field">
          <label class="field-label" for={id}>
            {label}
            {isOptional && <span class="soft"> optional</span>}
          </label>
          <JsonLeaf {...props} />
          {leaveOut}
        </div>
      );
  }
}

/** It can have but one value, and has it: the choice of the variant was the choice of it. */
function isSettled({ name, schema, optional }: FormField, value: Json | undefined): boolean {
  return !optional && schema.enum?.length === 1 && fieldOf(value, name) === schema.enum[0];
}

function JsonList({
  id,
  label,
  value,
  onChange,
  item,
  leaveOut,
}: JsonInputProps & { item: JsonSchema; leaveOut: preact.ComponentChild }) {
  const items: readonly Json[] = Array.isArray(value) ? value : [];
  return (
    <fieldset class="json-group">
      <legend>
        {label} <span class="soft">{items.length === 0 ? "no items" : `${items.length} in the list`}</span>
      </legend>
      {items.map((one, index) => (
        <div class="json-item" key={index}>
          <JsonInput
            id={`${id}-${index}`}
            label={`${label} ${index + 1}`}
            schema={item}
            value={one}
            onChange={(next) => onChange(items.with(index, next ?? null))}
          />
          <button
            type="button"
            class="quiet small icon-only"
            aria-label={`Remove ${label} ${index + 1}`}
            title="Remove"
            onClick={() => onChange(items.filter((_, other) => other !== index))}
          >
            <Icon name="trash" />
          </button>
        </div>
      ))}
      <div class="actions">
        <button
          type="button"
          class="small"
          aria-label={`Add to ${label}`}
          onClick={() => onChange([...items, blank(item) ?? guess(item)])}
        >
          <Icon name="plus" />
          Add
        </button>
        {leaveOut}
      </div>
    </fieldset>
  );
}

/** A value of which nothing can be said beforehand, where there has to be one. */
function guess(schema: JsonSchema): Json {
  const part = partOf(schema);
  if (part.kind === "number") return 0;
  if (part.kind === "boolean") return false;
  return part.kind === "choice" ? (part.values[0] ?? null) : null;
}

/** One control: a text, a number, a choice, or JSON as text. */
function JsonLeaf({ id, schema, value, isOptional = false, onChange }: JsonInputProps) {
  const part = partOf(schema);
  const [typed, setTyped] = useState<string | null>(null);
  if (part.kind === "choice" || part.kind === "boolean") {
    const values: readonly Json[] = part.kind === "choice" ? part.values : [true, false];
    const at = value === undefined ? -1 : values.indexOf(value);
    return (
      <select id={id} value={String(at)} onChange={(event) => onChange(values[Number(event.currentTarget.value)])}>
        {(isOptional || at < 0) && <option value="-1">{isOptional ? "left out" : "choose"}</option>}
        {values.map((one, index) => (
          <option key={index} value={String(index)}>
            {String(one)}
          </option>
        ))}
      </select>
    );
  }
  const shared = { id, class: "mono", autocomplete: "off" as const, spellcheck: false };
  if (part.kind === "number") {
    return (
      <input
        {...shared}
        inputMode="decimal"
        value={typed ?? (value === undefined ? "" : String(value))}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          onChange(typedNumber(event.currentTarget.value));
        }}
      />
    );
  }
  if (part.kind === "text") {
    return (
      <input
        {...shared}
        value={typeof value === "string" ? value : ""}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  const text = typed ?? (value === undefined ? "" : JSON.stringify(value));
  const isWrong = text.trim() !== "" && parsed(text) === null;
  return (
    <>
      <textarea
        {...shared}
        rows={2}
        value={text}
        aria-invalid={isWrong}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          const read = parsed(event.currentTarget.value);
          if (read !== null) onChange(read.value);
        }}
      />
      <span class="field-hint">JSON{isWrong && <span class="error-text">: this is none yet</span>}</span>
    </>
  );
}
