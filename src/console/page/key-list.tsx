/** A list of any length of which only what is seen is drawn. Arrow keys, Home, End and page keys move, Enter opens. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Bytes, identity, showBytes } from "../model/bytes.ts";
import type { KeyRow } from "./scan.ts";

const ROW_PX = 34;
/** Rows drawn above and below what is seen. */
const MARGIN = 10;
const KEY_LENGTH_MAX = 200;

export function KeyList(props: { rows: readonly KeyRow[]; selected: Bytes | null; onOpen: (key: Bytes) => void }) {
  const { rows, selected, onOpen } = props;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const [at, setAt] = useState(0);
  const chosen = Math.min(at, rows.length - 1);
  const selectedId = selected === null ? null : identity(selected);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const watch = new ResizeObserver(() => setHeight(element.clientHeight));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);

  const move = (index: number): void => {
    const next = Math.min(Math.max(index, 0), rows.length - 1);
    setAt(next);
    const element = box.current;
    if (element === null) return;
    if (next * ROW_PX < element.scrollTop) element.scrollTop = next * ROW_PX;
    if ((next + 1) * ROW_PX > element.scrollTop + element.clientHeight) {
      element.scrollTop = (next + 1) * ROW_PX - element.clientHeight;
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(Math.floor(height / ROW_PX) - 1, 1);
    const target = {
      ArrowDown: chosen + 1,
      ArrowUp: chosen - 1,
      Home: 0,
      End: rows.length - 1,
      PageDown: chosen + page,
      PageUp: chosen - page,
    }[event.key];
    if (target !== undefined) {
      event.preventDefault();
      move(target);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      const row = rows[chosen];
      if (row !== undefined) onOpen(row.key);
    }
  };
  const first = Math.max(Math.floor(top / ROW_PX) - MARGIN, 0);
  const end = Math.min(Math.ceil((top + height) / ROW_PX) + MARGIN, rows.length);
  return (
    <div
      ref={box}
      class="key-list"
      role="listbox"
      aria-label="Keys"
      tabIndex={0}
      aria-activedescendant={chosen >= first && chosen < end ? `key-${chosen}` : undefined}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" style={{ height: `${rows.length * ROW_PX}px`, position: "relative" }}>
        {rows.slice(first, end).map(({ key, type }, offset) => {
          const index = first + offset;
          const id = identity(key);
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the list's
            <div
              key={id}
              id={`key-${index}`}
              role="option"
              tabIndex={-1}
              class={index === chosen ? "at" : ""}
              aria-selected={id === selectedId}
              aria-setsize={rows.length}
              aria-posinset={index + 1}
              style={{ top: `${index * ROW_PX}px` }}
              onClick={() => {
                setAt(index);
                onOpen(key);
              }}
            >
              <span class="bytes key-name">{showBytes(key, { length_max: KEY_LENGTH_MAX }) || "(empty)"}</span>
              <span class="badge">{type}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
