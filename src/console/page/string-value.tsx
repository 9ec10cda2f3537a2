/** A string's value: as text, laid out where it is JSON, as hex or base64 where it is neither. */
import { useState } from "preact/hooks";
import { asBytes, type Bytes, naturalFormat } from "../model/bytes.ts";
import { bytes } from "../model/figures.ts";
import { compactJson, isJson, prettyJson } from "../model/json-text.ts";
import { command, reason } from "./api.ts";
import { tell } from "./notices.tsx";
import { type BytesDraft, BytesField, draftOf, draftValue, Failure } from "./parts.tsx";
import { useLoaded } from "./polling.ts";

/** More is shown in part, and cannot be edited here. */
const BYTES_MAX = 1 << 20;

export function StringValue(props: { name: Bytes; length: number; onChanged: () => Promise<void> }) {
  const { name, length, onChanged } = props;
  const isWhole = length <= BYTES_MAX;
  const read = async (): Promise<Bytes> =>
    asBytes(await (isWhole ? command("GET", name) : command("GETRANGE", name, 0, BYTES_MAX - 1)));
  const { value, error, reload } = useLoaded("value", read);
  if (error !== null) {
    return (
      <div class="panel-body">
        <Failure text={error} onRetry={reload} />
      </div>
    );
  }
  if (value === null) return <div class="panel-body soft">Reading …</div>;
  const save = async (next: Bytes): Promise<void> => {
    await command("SET", name, next, "KEEPTTL");
    tell("Saved");
    await Promise.all([reload(), onChanged()]);
  };
  return <Editor value={value} length={length} isWhole={isWhole} onSave={save} />;
}

interface EditorProps {
  readonly value: Bytes;
  readonly length: number;
  readonly isWhole: boolean;
  readonly onSave: (value: Bytes) => Promise<void>;
}

function Editor({ value, length, isWhole, onSave }: EditorProps) {
  const pretty = typeof value === "string" && naturalFormat(value) === "text" && isWhole ? prettyJson(value) : null;
  const [isLaidOut, setLaidOut] = useState(pretty !== null);
  const start = (laidOut: boolean): BytesDraft =>
    laidOut && pretty !== null ? { format: "text", text: pretty } : draftOf(value);
  const [draft, setDraft] = useState(start(isLaidOut));
  const [error, setError] = useState<string | null>(null);
  const isChanged = draft.text !== start(isLaidOut).text && draft.format === start(isLaidOut).format;

  const save = async (): Promise<void> => {
    setError(null);
    try {
      const next = draftValue(draft);
      if (!isLaidOut || pretty === null || typeof next !== "string") return await onSave(next);
      if (!isJson(next)) throw new Error("This is no JSON any more. Switch to “As it is” to save it all the same.");
      // What was compact stays compact.
      await onSave(compactJson(value as string) === value ? compactJson(next) : next);
    } catch (thrown) {
      setError(reason(thrown));
    }
  };
  const rows = Math.min(Math.max(draft.text.split("\n").length + 1, 4), 24);
  return (
    <div class="panel-body">
      {pretty !== null && (
        <fieldset class="tools bare">
          <legend class="visually-hidden">Layout of the JSON</legend>
          {[true, false].map((laidOut) => (
            <button
              key={String(laidOut)}
              type="button"
              class="small"
              aria-pressed={isLaidOut === laidOut}
              onClick={() => {
                setLaidOut(laidOut);
                setDraft(start(laidOut));
              }}
            >
              {laidOut ? "JSON" : "As it is"}
            </button>
          ))}
        </fieldset>
      )}
      {!isWhole && (
        <p class="soft">
          The first {bytes(BYTES_MAX)} of {bytes(length)}. A value of this size is not edited here.
        </p>
      )}
      <BytesField label="Value" draft={draft} onChange={setDraft} rows={rows} readOnly={!isWhole} />
      <div role="alert">{error !== null && <p class="error-text">{error}</p>}</div>
      {isWhole && (
        <div class="actions">
          <button type="button" class="primary" onClick={save} disabled={!isChanged}>
            Save
          </button>
          {isChanged && (
            <button type="button" onClick={() => setDraft(start(isLaidOut))}>
              Undo
            </button>
          )}
        </div>
      )}
    </div>
  );
}
