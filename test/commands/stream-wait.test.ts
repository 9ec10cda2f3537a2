/** Clients that wait for entries. */

import { expect, test } from "bun:test";
import { type Reply, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";

const groups = suite();

async function blocked(wire: Wire, count = 1): Promise<void> {
  await until("a client waits", async () =>
    textOf(await wire.call("INFO clients")).includes(`blocked_clients:${count}`),
  );
}

const show = (reply: Reply): string =>
  JSON.stringify(reply, (_, value) => (value?.type === "Buffer" ? Buffer.from(value.data).toString() : value));

groups.both("XREAD waits for an entry, and $ is the end of when it began", async (wire) => {
  const other = await groups.server.connect();
  await other.call("XADD s 1-0 f old");
  const read = wire.call("XREAD BLOCK 0 STREAMS none s $ $");
  await blocked(other);
  await other.call("XADD s 2-0 f new");
  const reply = show(await read);
  expect(reply).toContain("new");
  expect(reply).not.toContain("old");
  await other.close();
});

groups.both("waiting consumers are served one after the other", async (wire) => {
  const [second, other] = [await groups.server.connect(), await groups.server.connect()];
  await other.call("XGROUP CREATE s g $ MKSTREAM");
  const first = wire.call("XREADGROUP GROUP g a COUNT 1 BLOCK 0 STREAMS s >");
  await blocked(other);
  const next = second.call("XREADGROUP GROUP g b COUNT 1 BLOCK 0 STREAMS s >");
  await blocked(other, 2);
  await other.call("XADD s 1-0 f one");
  expect(show(await first)).toContain("one");
  await other.call("XADD s 2-0 f two");
  expect(show(await next)).toContain("two");
  expect(show(await other.call("XPENDING s g - + 10 b"))).toContain("2-0");
  await Promise.all([second.close(), other.close()]);
});

for (const [what, command, text] of [
  ["the group is destroyed", "XGROUP DESTROY s g", "NOGROUP"],
  ["the key is deleted", "DEL s", "NOGROUP"],
  ["the key gets another type", "SET s text", "WRONGTYPE"],
  ["the database is emptied", "FLUSHDB", "NOGROUP"],
  ["another stream takes the place", "RENAME t s", "NOGROUP"],
] as const)
  groups.both(
    `a consumer that waits is told when ${what}`,
    async (wire) => {
      const other = await groups.server.connect();
      await other.call("XADD t 1-0 f v");
      await other.call("XGROUP CREATE s g $ MKSTREAM");
      const read = wire.call("XREADGROUP GROUP g a BLOCK 0 STREAMS s >");
      await blocked(other);
      await other.call(command);
      const reply = await read;
      expect(reply.kind === "error" && reply.text).toContain(text);
      await other.close();
    },
    { since: "7.2" },
  );

groups.both("a read that waits in vain replies nothing", async (wire, protocol) => {
  await wire.call("XGROUP CREATE s g $ MKSTREAM");
  const nothing = protocol === 3 ? "null" : "nilArray";
  expect((await wire.call("XREADGROUP GROUP g a BLOCK 20 STREAMS s >")).kind).toBe(nothing);
  expect((await wire.call("XREAD BLOCK 20 STREAMS s $")).kind).toBe(nothing);
  await wire.call("MULTI");
  await wire.call("XREADGROUP GROUP g a BLOCK 0 STREAMS s >");
  const reply = await wire.call("EXEC");
  expect("items" in reply && reply.items[0]?.kind).toBe(nothing);
});

groups.both(
  "a consumer that waits with CLAIM gets an entry as soon as that has waited long enough",
  async (wire) => {
    const other = await groups.server.connect();
    await other.call("XADD s 1-0 f late");
    await other.call("XGROUP CREATE s g 0");
    await other.call("XREADGROUP GROUP g a STREAMS s >");
    const started = performance.now();
    const reply = show(await wire.call("XREADGROUP GROUP g b BLOCK 5000 CLAIM 150 STREAMS s >"));
    expect(reply).toContain("late");
    expect(performance.now() - started).toBeGreaterThan(100);
    expect(performance.now() - started).toBeLessThan(2000);
    const next = wire.call("XREADGROUP GROUP g a BLOCK 5000 CLAIM 100000 STREAMS s >");
    await blocked(other);
    await other.call("XNACK s g FAIL IDS 1 1-0");
    expect(show(await next)).toContain("late");
    await other.close();
  },
  { since: "8.8" },
);

test("many consumers share a stream out among them, each entry once", async () => {
  const wires = await Promise.all(Array.from({ length: 8 }, () => groups.server.connect()));
  const [first] = wires as [Wire, ...Wire[]];
  await first.call("FLUSHALL");
  await first.call("XGROUP CREATE s g $ MKSTREAM");
  const seen: string[] = [];
  const readers = wires.slice(1).map(async (wire, name) => {
    for (;;) {
      const reply = await wire.call(`XREADGROUP GROUP g c${name} COUNT 7 BLOCK 500 STREAMS s >`);
      const stream = "items" in reply ? reply.items[0] : undefined;
      const entries = stream && "items" in stream ? stream.items[1] : undefined;
      if (!entries || !("items" in entries)) return;
      const ids = entries.items.map((item) => ("items" in item ? textOf(item.items[0]) : ""));
      seen.push(...ids);
      await wire.call(`XACK s g ${ids.join(" ")}`);
    }
  });
  const sent = new Set<string>();
  for (let batch = 0; batch < 100; batch++) {
    const replies = await Promise.all(Array.from({ length: 20 }, () => first.call("XADD s * f v")));
    for (const reply of replies) sent.add(textOf(reply));
  }
  await Promise.all(readers);
  expect(seen.length).toBe(2000);
  expect(new Set(seen)).toEqual(sent);
  expect(show(await first.call("XPENDING s g"))).toContain('"value":0');
  await Promise.all(wires.map((wire) => wire.close()));
});
