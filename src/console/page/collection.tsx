/** The elements of a hash, list, set, sorted set or stream: page by page, each can be changed and removed. */
import { useEffect, useRef, useState } from "preact/hooks";
import { asText, type Bytes, identity } from "../model/bytes.ts";
import { span, whole } from "../model/figures.ts";
import { reason } from "./api.ts";
import { KINDS, type Kind, type Row, streamGroups } from "./collection-kinds.ts";
import { confirmThen, FormDialog } from "./dialog.tsx";
import { Icon } from "./icons.tsx";
import { tell, tellFailure } from "./notices.tsx";
import {
  type BytesDraft,
  BytesField,
  Columns,
  draftOf,
  draftValue,
  Empty,
  Failure,
  Filter,
  Scroll,
  SecondsField,
  Shown,
} from "./parts.tsx";
import { useLoaded } from "./polling.ts";

const EMPTY: BytesDraft = { format: "text", text: "" };

export function Collection(props: { name: Bytes; kind: Kind; onChanged: () => Promise<void> }) {
  const { name, kind, onChanged } = props;
  const [rows, setRows] = useState<readonly Row[]>([]);
  const [next, setNext] = useState<string | null>("0");
  const [pattern, setPattern] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [isLoading, setLoading] = useState(true);
  const [edited, setEdited] = useState<Row | "new" | null>(null);
  const turn = useRef(0);

  const load = async (from: string): Promise<void> => {
    const own = ++turn.current;
    setLoading(true);
    setError(null);
    try {
      const page = await kind.read(name, from, pattern);
      if (own !== turn.current) return;
      setRows((before) => (from === "0" ? unique(page.rows) : unique([...before, ...page.rows])));
      setNext(page.next);
    } catch (thrown) {
      if (own === turn.current) setError(reason(thrown));
    }
    if (own === turn.current) setLoading(false);
  };
  useEffect(() => {
    void load("0");
    return () => {
      turn.current++;
    };
  }, [pattern]);
  const changed = async (text: string): Promise<void> => {
    tell(text);
    await Promise.all([load("0"), onChanged()]);
  };
  const remove = (row: Row): void =>
    confirmThen({
      title: "Remove this element?",
      text: <Shown value={row.cells[0] ?? ""} />,
      action: "Remove",
      run: async () => {
        await kind.remove(name, row);
        await changed("Removed").catch(tellFailure);
      },
    });
  return (
    <div class="collection">
      <div class="tools">
        {kind.canMatch && <Filter label="Narrow the elements" value={pattern} onInput={setPattern} />}
        <span class="spread" />
        <button type="button" class="small" onClick={() => setEdited("new")}>
          <Icon name="plus" />
          Add
        </button>
      </div>
      {error !== null && <Failure text={error} onRetry={() => void load("0")} />}
      {rows.length === 0 && !isLoading && error === null ? (
        <Empty title="No element matches" />
      ) : (
        <Elements kind={kind} rows={rows} onEdit={setEdited} onRemove={remove} />
      )}
      {next !== null && next !== "0" && !isLoading && (
        <div class="keys-more">
          <button type="button" onClick={() => void load(next)}>
            Show more
          </button>
        </div>
      )}
      {kind === KINDS.stream && <Groups name={name} />}
      {edited !== null && (
        <ElementDialog name={name} kind={kind} row={edited} onDone={changed} onClose={() => setEdited(null)} />
      )}
    </div>
  );
}

/** SCAN may give an element twice. */
function unique(rows: readonly Row[]): Row[] {
  return [...new Map(rows.map((row) => [identity(row.id), row])).values()];
}

function Elements(props: {
  kind: Kind;
  rows: readonly Row[];
  onEdit: (row: Row) => void;
  onRemove: (row: Row) => void;
}) {
  const { kind, rows, onEdit, onRemove } = props;
  return (
    <Scroll label="Elements">
      <table class="elements">
        <thead>
          <tr>
            {kind.isOrdered && (
              <th scope="col" class="number">
                #
              </th>
            )}
            {kind.columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
            {kind.canExpire && (
              <th scope="col" class="number">
                Expires in
              </th>
            )}
            <th scope="col">
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={identity(row.id)}>
              {kind.isOrdered && <td class="number soft">{index}</td>}
              {row.cells.map((cell, at) => (
                <td key={kind.columns[at]} class={kind === KINDS.stream && at === 1 ? "wrap" : ""}>
                  {kind === KINDS.stream ? <span class="bytes">{asText(cell)}</span> : <Shown value={cell} />}
                </td>
              ))}
              {kind.canExpire && (
                <td class="number">{typeof row.lifeMs === "number" ? span(row.lifeMs / 1000) : "–"}</td>
              )}
              <td class="row-actions">
                {kind.change !== null && (
                  <button type="button" class="quiet small icon-only" aria-label="Change" onClick={() => onEdit(row)}>
                    <Icon name="edit" />
                  </button>
                )}
                <button type="button" class="quiet small icon-only" aria-label="Remove" onClick={() => onRemove(row)}>
                  <Icon name="trash" />
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function ElementDialog(props: {
  name: Bytes;
  kind: Kind;
  row: Row | "new";
  onDone: (text: string) => Promise<void>;
  onClose: () => void;
}) {
  const { name, kind, row, onDone, onClose } = props;
  const [cells, setCells] = useState<readonly BytesDraft[]>(
    row === "new" ? kind.columns.map(() => EMPTY) : row.cells.map(draftOf),
  );
  const shownLife = row !== "new" && typeof row.lifeMs === "number" ? String(Math.ceil(row.lifeMs / 1000)) : "";
  const [seconds, setSeconds] = useState(shownLife);
  const submit = async (): Promise<void> => {
    const values = cells.map(draftValue);
    const lifeMs = seconds.trim() === "" ? null : Number(seconds) * 1000;
    if (lifeMs !== null && !(lifeMs > 0)) throw new Error(`“${seconds}” is no number of seconds`);
    if (row === "new") await kind.add(name, values, lifeMs === null ? null : Math.ceil(lifeMs));
    // What nobody has touched goes on as it is, however long the dialog was open.
    else await kind.change?.(name, row, values, seconds === shownLife ? "keep" : lifeMs && Math.ceil(lifeMs));
    await onDone(row === "new" ? "Added" : "Changed");
  };
  return (
    <FormDialog
      title={row === "new" ? "Add an element" : "Change the element"}
      action={row === "new" ? "Add" : "Change"}
      onClose={onClose}
      onSubmit={submit}
    >
      {kind.columns.map((column, index) => (
        <BytesField
          key={column}
          label={column}
          rows={["Value", "Fields"].includes(column) ? 5 : 1}
          draft={cells[index] ?? EMPTY}
          onChange={(draft) => setCells(cells.map((cell, at) => (at === index ? draft : cell)))}
        />
      ))}
      {kind.canExpire && (
        <SecondsField
          label="Seconds to live"
          hint="Empty: the field stays as long as the key."
          value={seconds}
          onInput={setSeconds}
        />
      )}
      {kind === KINDS.stream && (
        <p class="soft">An empty ID is made by the server. Fields: a line each, name = value.</p>
      )}
    </FormDialog>
  );
}

function Groups({ name }: { name: Bytes }) {
  const { value: groups } = useLoaded("groups", () => streamGroups(name));
  if (groups === null || groups.length === 0) return null;
  return (
    <div class="groups">
      <h3>Consumer groups</h3>
      <table>
        <Columns names={["Name", { number: "Consumers" }, { number: "Pending" }, { number: "Lag" }]} />
        <tbody>
          {groups.map((group) => (
            <tr key={asText(group.name)}>
              <th scope="row">
                <Shown value={asText(group.name)} />
              </th>
              {["consumers", "pending", "lag"].map((figure) => (
                <td key={figure} class="number">
                  {typeof group[figure] === "number" ? whole(group[figure]) : "?"}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
