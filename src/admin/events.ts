/**
 * GET /v1/events: messages, key events and what MONITOR shows, as server-sent events.
 *
 *     event: message    data: {"channel": "news", "message": "…"}
 *     event: pmessage   data: {"pattern": "n*", "channel": "news", "message": "…"}
 *     event: keyevent   data: {"db": 0, "event": "set", "key": "…"}
 *     event: monitor    data: {"time": 1700000000.123456, "db": 0, "client": "127.0.0.1:5000", "command": ["SET", "k", "v"]}
 *     event: dropped    data: {"count": 12}     so many did not fit into admin-events-buffer while the client did not read
 *     event: notice     data: {"message": "…"}
 *
 * The session is always read, so a client that does not read costs its buffer and nothing else.
 */
import type { Reply } from "../resp/resp.ts";
import type { InnerSession } from "./inner.ts";
import { SessionError } from "./inner.ts";
import { bytesToJson, type Json, textBytes } from "./json.ts";
import { EVENT_HEARTBEAT_MS, EVENT_STREAMS_MAX } from "./limits.ts";
import { monitorLine } from "./monitor-line.ts";
import { type Caller, CommandError, type Sessions } from "./sessions.ts";

export interface EventsWanted {
  readonly channels: readonly string[];
  readonly patterns: readonly string[];
  readonly keyevents: boolean;
  readonly monitor: boolean;
}

const KEYEVENTS = "__keyevent@*__:*";
const KEYEVENT_CHANNEL = /^__keyevent@(\d+)__:(.*)$/s;
const OFF =
  "notify-keyspace-events has no E and no class of events, so there are no key events: CONFIG SET notify-keyspace-events EA";

export class Events {
  #streams = 0;

  constructor(
    private readonly sessions: Sessions,
    private readonly bufferBytesMax: () => number,
    /** The value of notify-keyspace-events. */
    private readonly keyEvents: () => string,
  ) {}

  /** The stream. Throws CommandError where the caller may not listen to that, SessionError where there are too many. */
  async open(caller: Caller, wanted: EventsWanted): Promise<Response> {
    if (this.#streams >= EVENT_STREAMS_MAX) {
      throw new SessionError("BUSY", `${EVENT_STREAMS_MAX} streams of events are open already`, 503);
    }
    this.#streams++;
    const queue = new EventQueue(this.bufferBytesMax);
    const open: InnerSession[] = [];
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      this.#streams--;
      clearInterval(heartbeat);
      for (const session of open) session.close();
      queue.end();
    };
    const heartbeat = setInterval(() => queue.comment("alive"), EVENT_HEARTBEAT_MS);
    heartbeat.unref();
    try {
      const { channels, keyevents } = wanted;
      const patterns = [...wanted.patterns, ...(keyevents && !wanted.patterns.includes(KEYEVENTS) ? [KEYEVENTS] : [])];
      if (channels.length > 0 || patterns.length > 0) {
        const session = await this.sessions.open(caller, (reply) => tell(queue, reply, keyevents), end);
        open.push(session);
        if (channels.length > 0) await allowed(session.subscribe(["SUBSCRIBE", ...channels.map(textBytes)]));
        if (patterns.length > 0) await allowed(session.subscribe(["PSUBSCRIBE", ...patterns.map(textBytes)]));
      }
      if (wanted.monitor) {
        const session = await this.sessions.open(caller, (reply) => tellLine(queue, reply), end);
        open.push(session);
        await allowed(session.monitor());
      }
    } catch (error) {
      end();
      throw error;
    }
    queue.comment("open");
    const classes = this.keyEvents();
    if (wanted.keyevents && !(classes.includes("E") && /[^KE]/.test(classes))) queue.event("notice", { message: OFF });
    return new Response(queue.stream(end), { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  }
}

async function allowed(reply: Promise<Reply>): Promise<void> {
  const got = await reply;
  if (got.kind === "error") throw new CommandError(got);
}

/** A push of SUBSCRIBE or PSUBSCRIBE. */
function tell(queue: EventQueue, reply: Reply, keyevents: boolean): void {
  if (reply.kind !== "push") return;
  const [kind = "", ...rest] = reply.items.map((item) => ("bytes" in item ? item.bytes : ""));
  if (kind === "message") queue.event("message", { channel: bytesToJson(rest[0] ?? ""), message: json(rest[1]) });
  if (kind !== "pmessage") return;
  const [pattern = "", channel = "", message] = rest;
  const event = keyevents && pattern === KEYEVENTS ? KEYEVENT_CHANNEL.exec(channel) : null;
  if (event === null)
    queue.event("pmessage", { pattern: json(pattern), channel: json(channel), message: json(message) });
  else queue.event("keyevent", { db: Number(event[1]), event: json(event[2]), key: json(message) });
}

function tellLine(queue: EventQueue, reply: Reply): void {
  const line = reply.kind === "status" ? monitorLine(reply.bytes) : null;
  if (line !== null) queue.event("monitor", line);
}

function json(bytes: string | undefined): Json {
  return bytesToJson(bytes ?? "");
}

/** Events that wait for the client to take them, at most so many bytes. */
export class EventQueue {
  readonly #waiting: Buffer[] = [];
  #bytes = 0;
  #dropped = 0;
  #isOver = false;
  #wake: () => void = () => {};

  constructor(private readonly bytesMax: () => number) {}

  event(name: string, data: Json): void {
    this.#push(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** A line that clients pass over. */
  comment(text: string): void {
    this.#push(`: ${text}\n\n`);
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** What waits now, with what was dropped told behind it; null: nothing does. */
  take(): Buffer | null {
    if (this.#dropped > 0) {
      const count = this.#dropped;
      this.#dropped = 0;
      this.#bytes = 0;
      this.event("dropped", { count });
    }
    if (this.#waiting.length === 0) return null;
    this.#bytes = 0;
    return Buffer.concat(this.#waiting.splice(0));
  }

  /** As the body of a response; `onCancel`: the client has gone. */
  stream(onCancel: () => void): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          for (;;) {
            const chunk = this.take();
            if (chunk !== null) return controller.enqueue(chunk);
            if (this.#isOver) return controller.close();
            await new Promise<void>((resolve) => {
              this.#wake = resolve;
            });
          }
        },
        cancel: onCancel,
      },
      { highWaterMark: 0 },
    );
  }

  #push(text: string): void {
    if (this.#isOver) return;
    const bytes = Buffer.from(text);
    // A single one that is larger than all room would never get through.
    if (this.#bytes + bytes.length > this.bytesMax() && this.#bytes > 0) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    this.#wake();
  }
}
