/** The form for a new key of any type, with its first element. */
import { useState } from "preact/hooks";
import type { Bytes } from "../model/bytes.ts";
import { command, pipelineOrThrow } from "./api.ts";
import { KINDS } from "./collection-kinds.ts";
import { FormDialog } from "./dialog.tsx";
import { tell } from "./notices.tsx";
import { type BytesDraft, BytesField, draftValue, Field } from "./parts.tsx";

const EMPTY: BytesDraft = { format: "text", text: "" };

export function NewKey(props: { onClose: () => void; onMade: (key: Bytes, type: string) => void }) {
  const [name, setName] = useState(EMPTY);
  const [type, setType] = useState("string");
  const [cells, setCells] = useState<readonly BytesDraft[]>([EMPTY, EMPTY]);
  const [seconds, setSeconds] = useState("");
  const kind = KINDS[type];
  const labels = kind?.columns ?? ["Value"];
  const make = async (): Promise<void> => {
    const key = draftValue(name);
    if (key === "") throw new Error("A key needs a name.");
    if ((await command("EXISTS", key)) !== 0) throw new Error("There is a key of that name already.");
    const values = labels.map((_, index) => draftValue(cells[index] ?? EMPTY));
    if (kind === undefined) await command("SET", key, values[0] ?? "", "NX");
    else await kind.add(key, values);
    if (seconds.trim() !== "") await pipelineOrThrow([["EXPIRE", key, seconds.trim()]]);
    tell("Created");
    props.onMade(key, type);
  };
  return (
    <FormDialog title="New key" action="Create" onClose={props.onClose} onSubmit={make}>
      <BytesField label="Key" draft={name} onChange={setName} rows={1} />
      <Field label="Type">
        <select value={type} onChange={(event) => setType(event.currentTarget.value)}>
          {["string", ...Object.keys(KINDS)].map((option) => (
            <option key={option} value={option}>
              {option}
            </option>
          ))}
        </select>
      </Field>
      {labels.map((label, index) => (
        <BytesField
          key={`${type} ${label}`}
          label={label}
          draft={cells[index] ?? EMPTY}
          rows={label === "Value" ? 4 : 1}
          onChange={(draft) => setCells(cells.map((cell, at) => (at === index ? draft : cell)))}
        />
      ))}
      <Field label="Expires after" hint="Seconds; empty: never.">
        <input
          inputMode="numeric"
          autocomplete="off"
          value={seconds}
          onInput={(event) => setSeconds(event.currentTarget.value)}
        />
      </Field>
    </FormDialog>
  );
}
