/** Pub/sub: listen to channels, patterns, key events or all commands, and publish. */
import { useEffect, useRef, useState } from "preact/hooks";
import { asBytes, asText, type Bytes } from "../model/bytes.ts";
import type { StreamEvent } from "../model/event-stream.ts";
import { clock, whole } from "../model/figures.ts";
import { quoteWord } from "../model/words.ts";
import { command, listen, reason } from "./api.ts";
import { Icon } from "./icons.tsx";
import { tell } from "./notices.tsx";
import { Empty, Failure, Field, Head, Shown } from "./parts.tsx";

interface Line {
  readonly id: number;
  readonly at: number;
  readonly source: Bytes;
  readonly text: Bytes;
}

const LINES_MAX = 500;

export function PubSub() {
  const [names, setNames] = useState("");
  const [isKeyEvents, setKeyEvents] = useState(false);
  const [isMonitor, setMonitor] = useState(false);
  const [state, setState] = useState<"off" | "opening" | "open">("off");
  const [error, setError] = useState<string | null>(null);
  const [lines, setLines] = useState<readonly Line[]>([]);
  const stop = useRef<AbortController | null>(null);
  const pending = useRef<Line[]>([]);
  const last = useRef(0);
  const log = useRef<HTMLDivElement>(null);

  // Many messages in a moment are drawn once.
  useEffect(() => {
    const timer = setInterval(() => {
      if (pending.current.length === 0) return;
      const fresh = pending.current;
      pending.current = [];
      setLines((before) => [...before, ...fresh].slice(-LINES_MAX));
    }, 100);
    return () => {
      clearInterval(timer);
      stop.current?.abort();
    };
  }, []);
  useEffect(() => {
    log.current?.scrollTo(0, log.current.scrollHeight);
  }, [lines]);

  const onEvent = (event: StreamEvent): void => {
    const line = readEvent(event);
    if (line === null) return;
    pending.current.push({ ...line, id: ++last.current, at: Date.now() });
    if (pending.current.length > LINES_MAX) pending.current.shift();
  };
  const start = async (event: Event): Promise<void> => {
    event.preventDefault();
    const words = names.split(/[\s,]+/).filter((word) => word !== "");
    const patterns = words.filter((word) => /[*?[]/.test(word));
    const channels = words.filter((word) => !/[*?[]/.test(word));
    if (words.length === 0 && !isKeyEvents && !isMonitor) return setError("Name a channel or a pattern first.");
    const own = new AbortController();
    stop.current = own;
    setError(null);
    setState("opening");
    try {
      await listen(
        {
          ...(channels.length > 0 ? { channels: channels.join(",") } : {}),
          ...(patterns.length > 0 ? { patterns: patterns.join(",") } : {}),
          ...(isKeyEvents ? { keyevents: "1" } : {}),
          ...(isMonitor ? { monitor: "1" } : {}),
        },
        onEvent,
        own.signal,
        () => setState("open"),
      );
      if (!own.signal.aborted) setError("The server ended the stream.");
    } catch (thrown) {
      if (!own.signal.aborted) setError(reason(thrown));
    }
    setState("off");
  };
  return (
    <>
      <Head title="Pub/sub" note="What is published while one listens; nothing is kept on the server." />
      {error !== null && <Failure text={error} />}
      <div class="pubsub">
        <div class="panel pubsub-live">
          <form class="panel-body" onSubmit={start}>
            <Field
              label="Channels and patterns"
              hint="With spaces between them: news orders.* An asterisk makes a pattern."
            >
              <input
                class="mono"
                data-filter
                autocomplete="off"
                spellcheck={false}
                value={names}
                disabled={state !== "off"}
                onInput={(event) => setNames(event.currentTarget.value)}
              />
            </Field>
            <div class="actions">
              <label class="check">
                <input
                  type="checkbox"
                  checked={isKeyEvents}
                  disabled={state !== "off"}
                  onChange={(event) => setKeyEvents(event.currentTarget.checked)}
                />
                Key events
              </label>
              <label class="check">
                <input
                  type="checkbox"
                  checked={isMonitor}
                  disabled={state !== "off"}
                  onChange={(event) => setMonitor(event.currentTarget.checked)}
                />
                All commands (MONITOR)
              </label>
              {state === "off" ? (
                // Two buttons, not one that turns into the other while it is pressed.
                <button key="listen" type="submit" class="primary">
                  <Icon name="play" />
                  Listen
                </button>
              ) : (
                <button key="stop" type="button" onClick={() => stop.current?.abort()}>
                  <Icon name="pause" />
                  Stop
                </button>
              )}
              <span class="soft" role="status">
                {state === "open" && "Listening"}
                {state === "opening" && "Opening …"}
              </span>
            </div>
          </form>
          <div class="panel-head">
            <h2>Messages</h2>
            <div class="actions">
              <span class="soft">{whole(last.current)} so far</span>
              <button type="button" class="small" disabled={lines.length === 0} onClick={() => setLines([])}>
                Clear
              </button>
            </div>
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
          <div class="messages" ref={log} role="log" aria-label="Messages" tabIndex={0}>
            {lines.length === 0 ? (
              <Empty title={state === "open" ? "Nothing was published yet" : "Not listening"} icon="pubsub" />
            ) : (
              lines.map(({ id, at, source, text }) => (
                <div key={id} class="message">
                  <span class="soft">{clock(at)}</span>
                  <span class="badge">
                    <Shown value={source} length_max={80} />
                  </span>
                  <Shown value={text} length_max={2_000} />
                </div>
              ))
            )}
          </div>
        </div>
        <Publish />
      </div>
    </>
  );
}

function Publish() {
  const [channel, setChannel] = useState("");
  const [message, setMessage] = useState("");
  const [error, setError] = useState<string | null>(null);
  const publish = async (event: Event): Promise<void> => {
    event.preventDefault();
    setError(null);
    try {
      const count = Number(await command("PUBLISH", channel, message));
      tell(`Published: ${count} ${count === 1 ? "client hears" : "clients hear"} it`);
      setMessage("");
    } catch (thrown) {
      setError(reason(thrown));
    }
  };
  return (
    <form class="panel panel-body publish" onSubmit={publish}>
      <h2>Publish</h2>
      <Field label="Channel">
        <input
          class="mono"
          required
          autocomplete="off"
          spellcheck={false}
          value={channel}
          onInput={(event) => setChannel(event.currentTarget.value)}
        />
      </Field>
      <Field label="Message">
        <textarea
          class="mono"
          rows={4}
          spellcheck={false}
          value={message}
          onInput={(event) => setMessage(event.currentTarget.value)}
        />
      </Field>
      <div role="alert">{error !== null && <p class="error-text">{error}</p>}</div>
      <button type="submit" class="primary">
        Publish
      </button>
    </form>
  );
}

function readEvent({ event, data }: StreamEvent): { source: Bytes; text: Bytes } | null {
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(data);
  } catch {
    return null;
  }
  if (event === "message" || event === "pmessage") {
    return { source: asBytes(body.channel), text: asBytes(body.message) };
  }
  if (event === "keyevent") return { source: `${asText(body.event)}, db ${asText(body.db)}`, text: asBytes(body.key) };
  if (event === "monitor") {
    const words = Array.isArray(body.command) ? body.command.map(asBytes).map(quoteWord).join(" ") : "";
    return { source: `${asText(body.client)}, db ${asText(body.db)}`, text: words };
  }
  if (event === "dropped")
    return { source: "server", text: `${asText(body.count)} messages were dropped: they came too fast` };
  return event === "notice" ? { source: "server", text: asBytes(body.message) } : null;
}
