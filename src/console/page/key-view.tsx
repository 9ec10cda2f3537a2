/** One key: what it is, how long it lives, what it holds, and everything that can be done with it. */
import { useState } from "preact/hooks";
import { asText, type Bytes, showBytes } from "../model/bytes.ts";
import { bytes, span, whole } from "../model/figures.ts";
import { command, pipeline, ServerError } from "./api.ts";
import { Collection } from "./collection.tsx";
import { KINDS } from "./collection-kinds.ts";
import { confirmThen, FormDialog } from "./dialog.tsx";
import { Icon } from "./icons.tsx";
import { tell } from "./notices.tsx";
import { BytesField, draftOf, draftValue, Empty, Failure, SecondsField, Shown } from "./parts.tsx";
import { useLoaded } from "./polling.ts";
import { go } from "./route.ts";
import { StringValue } from "./string-value.tsx";

interface KeyFacts {
  readonly type: string;
  /** Milliseconds, or null where the key does not expire. */
  readonly ttl: number | null;
  readonly encoding: string;
  readonly memory: number | null;
  readonly length: number | null;
}

const LENGTH: Readonly<Record<string, string>> = {
  string: "STRLEN",
  hash: "HLEN",
  list: "LLEN",
  set: "SCARD",
  zset: "ZCARD",
  stream: "XLEN",
  array: "ARCOUNT",
  vectorset: "VCARD",
};

async function factsOf(name: Bytes): Promise<KeyFacts> {
  const type = asText(await command("TYPE", name));
  const length = LENGTH[type];
  const replies = await pipeline([
    ["PTTL", name],
    ["OBJECT", "ENCODING", name],
    ["MEMORY", "USAGE", name],
    ...(length === undefined ? [] : [[length, name]]),
  ]);
  const [ttl, encoding, memory, count] = replies.map((reply) => (reply instanceof ServerError ? null : reply));
  return {
    type,
    ttl: typeof ttl === "number" && ttl >= 0 ? ttl : null,
    encoding: encoding == null ? "?" : asText(encoding),
    memory: typeof memory === "number" ? memory : null,
    length: typeof count === "number" ? count : null,
  };
}

/** `onChanged`: the key has another name now, or (null) is gone. */
export function KeyView({ name, onChanged }: { name: Bytes; onChanged: (next: Bytes | null) => void }) {
  const { value: facts, error, reload } = useLoaded("facts", () => factsOf(name));
  const [turn, setTurn] = useState(0);
  const [asked, setAsked] = useState<"ttl" | "rename" | null>(null);
  const again = async (): Promise<void> => {
    setTurn((before) => before + 1);
    await reload();
  };
  const shown = showBytes(name, { length_max: 200 });
  const remove = (): void =>
    confirmThen({
      title: "Delete this key?",
      text: (
        <>
          <Shown value={name} /> and all it holds will be gone. This cannot be taken back.
        </>
      ),
      action: "Delete",
      run: async () => {
        await command("UNLINK", name);
        tell(`${shown} was deleted`);
        onChanged(null);
      },
    });
  return (
    <section class="panel key-view" aria-labelledby="key-title">
      <div class="panel-head">
        <button
          type="button"
          class="quiet icon-only keys-back"
          aria-label="Back to the list"
          onClick={() => go("keys")}
        >
          <Icon name="back" />
        </button>
        <h2 id="key-title" class="key-title">
          <Shown value={name} />
        </h2>
        <div class="actions">
          <button type="button" class="quiet icon-only" aria-label="Read again" title="Read again" onClick={again}>
            <Icon name="refresh" />
          </button>
          <button type="button" class="small" onClick={() => setAsked("rename")}>
            Rename
          </button>
          <button type="button" class="small danger" onClick={remove}>
            Delete
          </button>
        </div>
      </div>
      {error !== null && (
        <div class="panel-body">
          <Failure text={error} onRetry={reload} />
        </div>
      )}
      {facts?.type === "none" && (
        <Empty title="There is no such key" icon="keys">
          It expired, was deleted, or is in another database.
        </Empty>
      )}
      {facts !== null && facts.type !== "none" && (
        <>
          <dl class="facts key-facts">
            <Fact name="Type" value={facts.type} />
            <Fact name="Encoding" value={facts.encoding} />
            {facts.length !== null && (
              <Fact name={facts.type === "string" ? "Bytes" : "Elements"} value={whole(facts.length)} />
            )}
            {facts.memory !== null && <Fact name="Memory" value={bytes(facts.memory)} />}
            <div>
              <dt>Expires</dt>
              <dd>
                {facts.ttl === null ? "never" : `in ${span(facts.ttl / 1000)}`}{" "}
                <button type="button" class="small quiet" onClick={() => setAsked("ttl")}>
                  Change
                </button>
              </dd>
            </div>
          </dl>
          <Value key={turn} name={name} facts={facts} onChanged={reload} />
        </>
      )}
      {asked === "ttl" && facts !== null && (
        <ExpiryDialog name={name} ttl={facts.ttl} onDone={again} onClose={() => setAsked(null)} />
      )}
      {asked === "rename" && <RenameDialog name={name} onRenamed={onChanged} onClose={() => setAsked(null)} />}
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Value({ name, facts, onChanged }: { name: Bytes; facts: KeyFacts; onChanged: () => Promise<void> }) {
  if (facts.type === "string") return <StringValue name={name} length={facts.length ?? 0} onChanged={onChanged} />;
  const kind = KINDS[facts.type];
  if (kind !== undefined) return <Collection name={name} kind={kind} onChanged={onChanged} />;
  return (
    <Empty title={`Keys of type ${facts.type} are not shown here`} icon="keys">
      The command line reads and changes them.
      <div class="actions">
        <button type="button" onClick={() => go("commands")}>
          Open the command line
        </button>
      </div>
    </Empty>
  );
}

function ExpiryDialog(props: { name: Bytes; ttl: number | null; onDone: () => Promise<void>; onClose: () => void }) {
  const { name, ttl, onDone, onClose } = props;
  const [seconds, setSeconds] = useState(ttl === null ? "" : String(Math.ceil(ttl / 1000)));
  return (
    <FormDialog
      title="When does this key expire?"
      action="Set"
      onClose={onClose}
      onSubmit={async () => {
        if (seconds.trim() === "") await command("PERSIST", name);
        else await command("EXPIRE", name, seconds.trim());
        tell(seconds.trim() === "" ? "The key stays" : `The key expires in ${span(Number(seconds))}`);
        await onDone();
      }}
    >
      <SecondsField
        label="Seconds from now"
        hint="Empty: the key never expires. 3600 is an hour, 86400 a day."
        value={seconds}
        onInput={setSeconds}
      />
    </FormDialog>
  );
}

function RenameDialog(props: { name: Bytes; onRenamed: (next: Bytes) => void; onClose: () => void }) {
  const { name, onRenamed, onClose } = props;
  const [draft, setDraft] = useState(draftOf(name));
  return (
    <FormDialog
      title="Rename this key"
      action="Rename"
      onClose={onClose}
      onSubmit={async () => {
        const next = draftValue(draft);
        if ((await command("RENAMENX", name, next)) === 0) throw new Error("There is a key of that name already.");
        tell("Renamed");
        setTimeout(() => onRenamed(next), 0);
      }}
    >
      <BytesField label="New name" draft={draft} onChange={setDraft} />
    </FormDialog>
  );
}
