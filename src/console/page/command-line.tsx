/** A command line with completion, hints and a history. */
import { useEffect, useRef, useState } from "preact/hooks";
import { showBytes } from "../model/bytes.ts";
import { type CommandDoc, candidates, docOf, hint, isSecret, syntaxParts, typedWords } from "../model/completion.ts";
import { duration } from "../model/figures.ts";
import { type Reply, showReply } from "../model/show-reply.ts";
import { splitWords } from "../model/words.ts";
import { command, database, ServerError } from "./api.ts";
import { Head } from "./parts.tsx";

interface Entry {
  readonly id: number;
  readonly line: string;
  readonly text: string;
  readonly isError: boolean;
  readonly us: number;
}

const ENTRIES_MAX = 200;
const REPLY_LENGTH_MAX = 100_000;
const HISTORY_MAX = 200;
const HISTORY = "zedis-history";
const CANDIDATES_SHOWN = 8;

/** Kept while the page is: going to another view and back loses nothing. */
let entries: readonly Entry[] = [];
let names: readonly string[] | null = null;
const docs = new Map<string, CommandDoc>();
let last = 0;

export function CommandLine() {
  const [, redraw] = useState(0);
  const [line, setLine] = useState("");
  const [at, setAt] = useState(-1);
  const [isListOpen, setListOpen] = useState(true);
  const [isRunning, setRunning] = useState(false);
  const history = useRef<string[]>(readHistory());
  const historyAt = useRef(history.current.length);
  const input = useRef<HTMLInputElement>(null);
  const log = useRef<HTMLDivElement>(null);
  const again = (): void => redraw((turn) => turn + 1);

  useEffect(() => {
    input.current?.focus();
    if (names === null) {
      command("COMMAND", "LIST").then(
        (reply) => {
          names = (reply as string[]).filter((name) => !name.includes("|"));
          again();
        },
        () => {},
      );
    }
  }, []);
  useEffect(() => {
    log.current?.scrollTo(0, log.current.scrollHeight);
  }, [entries]);

  const name = (typedWords(line).done[0] ?? line.trim()).toLowerCase();
  const isKnown = names?.includes(name) ?? false;
  useEffect(() => {
    if (!isKnown || docs.has(name)) return;
    command("COMMAND", "DOCS", name).then(
      (reply) => {
        const doc = (reply as unknown as Record<string, CommandDoc> | null)?.[name];
        if (doc !== undefined) docs.set(name, doc);
        again();
      },
      () => {},
    );
  }, [name, isKnown]);

  const doc = docs.get(name);
  const found = isListOpen ? candidates(line, names ?? [], doc).slice(0, CANDIDATES_SHOWN) : [];
  const isOwnWord = found.length === 1 && found[0] === typedWords(line).open.toUpperCase();
  const shown = isOwnWord ? [] : found;

  const take = (candidate: string): void => {
    const { open } = typedWords(line);
    setLine(`${line.slice(0, line.length - open.length)}${candidate} `);
    setAt(-1);
    input.current?.focus();
  };
  const recall = (step: number): void => {
    const next = Math.min(Math.max(historyAt.current + step, 0), history.current.length);
    historyAt.current = next;
    setLine(history.current[next] ?? "");
    setListOpen(false);
  };
  const run = async (): Promise<void> => {
    const words = splitWords(line);
    if (words !== null && words.length === 0) return;
    const add = (text: string, isError: boolean, us: number): void => {
      const cut =
        text.length > REPLY_LENGTH_MAX
          ? `${text.slice(0, REPLY_LENGTH_MAX)}\n… ${text.length} characters in all`
          : text;
      entries = [...entries, { id: ++last, line, text: cut, isError, us }].slice(-ENTRIES_MAX);
    };
    if (words === null) {
      add("A quote is open, or something follows a closing one. Nothing was sent.", true, 0);
      again();
      return;
    }
    if (words.length === 1 && words[0] === "clear") {
      entries = [];
      setLine("");
      return;
    }
    if (!isSecret(words.map((word) => showBytes(word)))) remember(history.current, line);
    historyAt.current = history.current.length;
    setRunning(true);
    const began = performance.now();
    try {
      const reply: Reply = await command(...words);
      add(showReply(reply), false, (performance.now() - began) * 1000);
    } catch (thrown) {
      const text = thrown instanceof ServerError ? `(error) ${errorText(thrown)}` : String(thrown);
      add(text, true, (performance.now() - began) * 1000);
    }
    setRunning(false);
    setLine("");
    setAt(-1);
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const isDown = event.key === "ArrowDown";
    if (event.key === "Tab" && !event.shiftKey && shown.length > 0) {
      event.preventDefault();
      take(shown[Math.max(at, 0)] ?? "");
    } else if (isDown || event.key === "ArrowUp") {
      event.preventDefault();
      if (shown.length > 0 && line !== "" && (isDown || at >= 0)) {
        setAt(isDown ? Math.min(at + 1, shown.length - 1) : at - 1);
      } else recall(isDown ? 1 : -1);
    } else if (event.key === "Escape") {
      setListOpen(false);
      setAt(-1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const candidate = shown[at];
      if (candidate !== undefined) take(candidate);
      else if (!isRunning) void run();
    } else if (event.key.toLowerCase() === "l" && event.ctrlKey) {
      event.preventDefault();
      entries = [];
      again();
    }
  };
  return (
    <div class="terminal-view">
      <Head
        title="Command line"
        note="Any command, typed as for redis-cli. Replies are shown as redis-cli shows them."
      />
      <div class="terminal panel">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
        <div class="terminal-log" ref={log} role="log" aria-label="Replies" tabIndex={0}>
          {entries.length === 0 && (
            <p class="soft">
              Nothing run yet. Try{" "}
              <button type="button" class="small mono" onClick={() => setLine("INFO server")}>
                INFO server
              </button>{" "}
              or{" "}
              <button type="button" class="small mono" onClick={() => setLine("SET greeting hello")}>
                SET greeting hello
              </button>
              .
            </p>
          )}
          {entries.map(({ id, line: sent, text, isError, us }) => (
            <div key={id} class="entry">
              <div class="entry-line">
                <span class="prompt" aria-hidden="true">
                  &gt;
                </span>
                <span class="wrap">{sent}</span>
                <span class="soft entry-time">{us > 0 && duration(us)}</span>
              </div>
              <pre class={`wrap ${isError ? "error-text" : ""}`}>{text}</pre>
            </div>
          ))}
        </div>
        <div class="terminal-input">
          {shown.length > 0 && (
            <div role="listbox" id="candidates" class="candidates" aria-label="Completions">
              {shown.map((candidate, index) => (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the combobox's
                <div
                  key={candidate}
                  id={`candidate-${index}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={index === at}
                  onClick={() => take(candidate)}
                >
                  {candidate}
                </div>
              ))}
            </div>
          )}
          <span class="prompt" aria-hidden="true">
            db{database.value}&gt;
          </span>
          <input
            ref={input}
            class="mono"
            role="combobox"
            aria-label="Command"
            aria-expanded={shown.length > 0}
            aria-controls="candidates"
            aria-autocomplete="list"
            aria-activedescendant={at >= 0 && shown.length > 0 ? `candidate-${at}` : undefined}
            aria-describedby="command-hint"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            value={line}
            readOnly={isRunning}
            onInput={(event) => {
              setLine(event.currentTarget.value);
              setListOpen(true);
              setAt(-1);
            }}
            onKeyDown={onKeyDown}
          />
          <button type="button" class="primary" disabled={isRunning || line.trim() === ""} onClick={run}>
            Run
          </button>
        </div>
        <Hint line={line} doc={doc} name={name} />
      </div>
    </div>
  );
}

function Hint({ line, doc, name }: { line: string; doc: CommandDoc | undefined; name: string }) {
  const found = docOf(`${line} `, doc);
  const { done } = typedWords(line);
  const missing = hint(line, doc);
  return (
    <div class="terminal-hint" id="command-hint">
      {found === null ? (
        <span class="soft">
          <kbd>Tab</kbd> completes, <kbd>↑</kbd> recalls, <kbd>Ctrl L</kbd> clears
        </span>
      ) : (
        <>
          <code>
            {done.length === 0
              ? `${name.toUpperCase()} ${syntaxParts(found.doc.arguments).join(" ")}`
              : missing || "complete"}
          </code>
          <span class="soft">{found.doc.summary}</span>
        </>
      )}
    </div>
  );
}

export function errorText(error: ServerError): string {
  return error.message.startsWith(`${error.code} `) ? error.message : `${error.code} ${error.message}`;
}

function readHistory(): string[] {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(HISTORY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((item) => typeof item === "string") : [];
  } catch {
    return [];
  }
}

function remember(history: string[], line: string): void {
  if (history.at(-1) !== line) history.push(line);
  if (history.length > HISTORY_MAX) history.shift();
  sessionStorage.setItem(HISTORY, JSON.stringify(history));
}
