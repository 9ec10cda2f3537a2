/** Keys: found by pattern and type, shown and changed beside the list. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Bytes, bytesOfIdentity, identity } from "../model/bytes.ts";
import { whole } from "../model/figures.ts";
import { databases } from "../model/info.ts";
import { database, reason } from "./api.ts";
import { Icon } from "./icons.tsx";
import { KeyList } from "./key-list.tsx";
import { KeyView } from "./key-view.tsx";
import { current } from "./live.ts";
import { NewKey } from "./new-key.tsx";
import { Empty, Failure, Filter, Head } from "./parts.tsx";
import { go, route } from "./route.ts";
import { type Found, scanMore } from "./scan.ts";

const TYPES = ["string", "hash", "list", "set", "zset", "stream", "array", "vectorset"];
/** How long typing has to rest before the keys are walked. */
const TYPING_MS = 250;

const NOTHING: Found = { rows: [], cursor: "0", scanned: 0, isDone: false };

export function Keys() {
  const [pattern, setPattern] = useState("");
  const [type, setType] = useState("");
  const [found, setFound] = useState<Found>(NOTHING);
  const [isLoading, setLoading] = useState(true);
  const [error, setError] = useState<string | null>(null);
  const turn = useRef(0);
  const query = route.value.query;
  const selected = bytesOfIdentity(query.get("key") ?? "");

  const load = async (from: Found): Promise<void> => {
    const own = ++turn.current;
    setLoading(true);
    setError(null);
    try {
      const more = await scanMore(from, { pattern, type }, () => own !== turn.current);
      if (own === turn.current) setFound(more);
    } catch (thrown) {
      if (own === turn.current) setError(reason(thrown));
    }
    if (own === turn.current) setLoading(false);
  };
  useEffect(() => {
    const timer = setTimeout(() => void load(NOTHING), pattern === "" ? 0 : TYPING_MS);
    return () => {
      clearTimeout(timer);
      turn.current++;
    };
  }, [pattern, type]);

  const open = (key: Bytes): void => go("keys", { key: identity(key) });
  const note = isLoading ? "Looking …" : countNote(found, pattern !== "" || type !== "");
  return (
    <div class={`keys ${selected === null ? "" : "with-key"}`}>
      <div class="keys-list">
        <Head title="Keys">
          <button
            type="button"
            class="quiet icon-only"
            aria-label="Look again"
            title="Look again"
            onClick={() => void load(NOTHING)}
          >
            <Icon name="refresh" />
          </button>
          <button type="button" class="primary" onClick={() => go("keys", { new: "1" })}>
            <Icon name="plus" />
            New key
          </button>
        </Head>
        <div class="tools">
          <Filter
            label="Pattern"
            placeholder="Part of a key, or a pattern: user:*"
            value={pattern}
            onInput={setPattern}
            onDown={() => document.querySelector<HTMLElement>(".key-list")?.focus()}
          />
          <select aria-label="Type" value={type} onChange={(event) => setType(event.currentTarget.value)}>
            <option value="">All types</option>
            {TYPES.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </div>
        {error !== null && <Failure text={error} onRetry={() => void load(NOTHING)} />}
        <div class="panel keys-panel">
          <div class="keys-count soft" role="status">
            {note}
          </div>
          {found.rows.length === 0 && !isLoading && error === null ? (
            <Nothing isFiltered={pattern !== "" || type !== ""} />
          ) : (
            <KeyList rows={found.rows} selected={selected} onOpen={open} />
          )}
          {!found.isDone && !isLoading && (
            <div class="keys-more">
              <button type="button" onClick={() => void load(found)}>
                Look for more
              </button>
            </div>
          )}
        </div>
      </div>
      <div class="keys-detail">
        <h1 class="keys-title visually-hidden">Keys</h1>
        {selected === null ? (
          <div class="panel keys-none">
            <Empty title="No key chosen" icon="keys">
              Choose one from the list: <kbd>/</kbd> goes to the pattern, <kbd>↓</kbd> into the list.
            </Empty>
          </div>
        ) : (
          <KeyView
            key={identity(selected)}
            name={selected}
            onChanged={(next) => {
              setFound((before) => renamed(before, selected, next));
              if (next === null) go("keys", {}, { replace: true });
              else go("keys", { key: identity(next) }, { replace: true });
            }}
          />
        )}
      </div>
      {query.get("new") !== null && (
        <NewKey
          onClose={() => go("keys", selected === null ? {} : { key: identity(selected) }, { replace: true })}
          onMade={(key, made) => {
            setFound((before) => {
              const rest = before.rows.filter((row) => identity(row.key) !== identity(key));
              return { ...before, rows: [{ key, type: made }, ...rest] };
            });
            // The dialog closes first, and takes its address with it.
            setTimeout(() => open(key), 0);
          }}
        />
      )}
    </div>
  );
}

function countNote(found: Found, isFiltered: boolean): string {
  const count = whole(found.rows.length);
  if (found.isDone) return `${count} found`;
  const info = current.value;
  const all = info === null ? undefined : databases(info).find(({ index }) => index === database.value)?.keys;
  return isFiltered || all === undefined ? `${count} found, there may be more` : `${count} of ${whole(all)}`;
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered ? (
    <Empty title="No key matches" icon="search">
      <code>*</code> stands for any characters, <code>?</code> for one. Without them the text may be anywhere in a key.
    </Empty>
  ) : (
    <Empty title="This database is empty" icon="keys">
      Keys that clients write appear here.
    </Empty>
  );
}

/** The list after a key was given another name, or none. */
function renamed(found: Found, key: Bytes, next: Bytes | null): Found {
  const rows = found.rows.flatMap((row) => {
    if (identity(row.key) !== identity(key)) return [row];
    return next === null ? [] : [{ ...row, key: next }];
  });
  return { ...found, rows };
}
