/** GET /v1/events: messages, key events and commands as they come. */
import { expect, test } from "bun:test";
import { EventQueue } from "../../src/admin/events.ts";
import { monitorLine } from "../../src/admin/monitor-line.ts";
import { until } from "../harness/wait.ts";
import { adminSuite, basic } from "./client.ts";

const api = adminSuite();

interface Stream {
  readonly events: { readonly event: string; readonly data: unknown }[];
  readonly isOver: () => boolean;
  readonly close: () => void;
}

/** Reads a stream of events from its opening on. */
async function listen(query: string, headers: Record<string, string> = {}): Promise<Stream> {
  const abort = new AbortController();
  const response = await fetch(`${api.server.http}/v1/events?${query}`, { signal: abort.signal, headers });
  if (response.status !== 200) throw new Error(await response.text());
  const events: Stream["events"] = [];
  let [rest, over] = ["", false];
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const [, event, data] = /^event: (.*)\ndata: (.*)$/s.exec(part) ?? [];
        if (event !== undefined) events.push({ event, data: JSON.parse(data ?? "null") });
      }
    }
  };
  const done = (): void => {
    over = true;
  };
  read().then(done, done);
  return { events, isOver: () => over, close: () => abort.abort() };
}

test("messages of channels and patterns come as they are published", async () => {
  const stream = await listen("channels=a,b&patterns=n*");
  await api.command("PUBLISH", "b", "one");
  await api.command("PUBLISH", "news", "two");
  await until("two events", () => stream.events.length === 2);
  expect(stream.events).toEqual([
    { event: "message", data: { channel: "b", message: "one" } },
    { event: "pmessage", data: { pattern: "n*", channel: "news", message: "two" } },
  ]);
  stream.close();
  await until("its session's end", async () => (await api.command("PUBLISH", "b", "three")).result === 0);
});

test("key events name database, event and key; where they are off a notice says so", async () => {
  const off = await listen("keyevents=1");
  await until("the notice", () => off.events.length === 1);
  expect(off.events[0]?.event).toBe("notice");
  off.close();
  await api.command("CONFIG", "SET", "notify-keyspace-events", "EA");
  const stream = await listen("keyevents=1");
  await api.send("POST", "/v1/command", { command: ["SET", "k", 1], db: 2 });
  await until("an event", () => stream.events.length === 1);
  expect(stream.events[0]).toEqual({ event: "keyevent", data: { db: 2, event: "set", key: "k" } });
  stream.close();
});

test("MONITOR shows commands of others with their words", async () => {
  const stream = await listen("monitor=1");
  const wire = await api.server.connect();
  await wire.call(["SET", 'a "b"', Buffer.from([0, 255])]);
  await until("the command", () => stream.events.length > 0);
  const { event, data } = stream.events[0] ?? {};
  expect(event).toBe("monitor");
  expect(data).toMatchObject({ db: 0, command: ["SET", 'a "b"', { base64: "AP8=" }] });
  await wire.close();
  stream.close();
});

test("who may not hear a channel is told so; whoever is deleted hears nothing more", async () => {
  await api.command("ACL", "SETUSER", "ear", "on", ">pw", "+@all", "resetchannels", "&mine");
  const response = await fetch(`${api.server.http}/v1/events?channels=yours`, { headers: basic("ear", "pw") });
  expect([response.status, await response.json()]).toMatchObject([403, { error: { code: "NOPERM" } }]);
  const stream = await listen("channels=mine", basic("ear", "pw"));
  await api.command("ACL", "DELUSER", "ear");
  await until("the stream's end", stream.isOver);
});

test("a client that does not read loses what its buffer cannot hold, and is told how much", () => {
  const queue = new EventQueue(() => 200);
  for (let index = 0; index < 100; index++) queue.event("message", { index });
  const text = queue.take()?.toString() ?? "";
  const kept = text.match(/event: message/g)?.length ?? 0;
  expect(kept).toBeGreaterThan(0);
  expect(text).toContain(`event: dropped\ndata: {"count":${100 - kept}}`);
  expect(queue.take()).toBeNull();
});

test("a line of MONITOR is read whatever it quotes", () => {
  expect(monitorLine('1.5 [3 [::1]:80] "a\\\\" "\\"]\\x00\\n"')).toEqual({
    time: 1.5,
    db: 3,
    client: "[::1]:80",
    command: ["a\\", '"]\0\n'],
  });
  expect(monitorLine("OK")).toBeNull();
});
