/** Streams as keys among others: copied, watched, long ones, random ones. */

import { expect, test } from "bun:test";
import { anything, between, err, like, nilArray, ok, simple } from "../harness/expected.ts";
import { Random } from "../harness/random.ts";
import { numberOf, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import { entry } from "./stream-replies.ts";

const streams = suite();
const small = err("ERR The ID specified in XADD is equal or smaller than the target stream top item");

streams.rows("a stream is copied and renamed whole", [
  ["XADD s 1-1 f v", "1-1"],
  ["XADD s 1-2 f v", "1-2"],
  ["XDEL s 1-2", 1],
  ["XGROUP CREATE s g 0", ok],
  ["XREADGROUP GROUP g c STREAMS s >", anything],
  ["COPY s t", 1],
  ["XADD s 1-3 f v", "1-3"],
  ["XACK s g 1-1", 1],
  ["XRANGE t - +", [entry("1-1", "f", "v")]],
  ["XADD t 1-2 f v", small],
  ["XPENDING t g", [1, "1-1", "1-1", [["c", "1"]]]],
  ["RENAME t u", ok],
  ["XPENDING u g", [1, "1-1", "1-1", [["c", "1"]]]],
  ["SCAN 0 COUNT 1000 TYPE stream", ["0", anything]],
  ["OBJECT ENCODING u", "stream"],
  ["MEMORY USAGE u", between(100, 10_000)],
  ["DEBUG OBJECT u", like(/encoding:stream/)],
]);

streams.rows("a rolled back transaction of commands leaves watchers alone, a trim tells them", [
  ["XADD s 1-1 f v", "1-1"],
  ["WATCH s", ok],
  ["XTRIM s MAXLEN 5", 0],
  ["MULTI", ok],
  ["XLEN s", simple("QUEUED")],
  ["EXEC", [1]],
  ["WATCH s", ok],
  ["XTRIM s MAXLEN 0", 1],
  ["MULTI", ok],
  ["XLEN s", simple("QUEUED")],
  ["EXEC", nilArray],
]);

streams.both("a stream of thirty thousand entries is read whole, in order, while others are served", async (wire) => {
  for (let batch = 0; batch < 6; batch++) {
    const script = Array.from({ length: 5000 }, (_, at) =>
      wire.call(`XADD s ${batch + 1}-${at} number ${batch * 5000 + at}`),
    );
    await Promise.all(script);
  }
  const other = await streams.server.connect();
  const whole = wire.call("XRANGE s - +");
  expect(textOf(await other.call("PING"))).toBe("PONG");
  const reply = await whole;
  if (!("items" in reply)) throw new Error("no entries");
  expect(reply.items.length).toBe(30_000);
  const numbers = reply.items.map((item) => {
    const pairs = "items" in item ? item.items[1] : undefined;
    return pairs && "items" in pairs ? textOf(pairs.items[1]) : "";
  });
  expect(numbers.every((number, at) => number === String(at))).toBe(true);
  const back = await wire.call("XREVRANGE s + - COUNT 15000");
  expect("items" in back && back.items.length).toBe(15_000);
  const read = await wire.call("XREAD STREAMS s none s 5 0 6-4998");
  expect("items" in read).toBe(true);
  expect(numberOf(await wire.call("XTRIM s MAXLEN 10"))).toBe(29_990);
  await other.close();
});

test("random entries come back between any two ids", async () => {
  const random = new Random(20_261_125);
  const wire = await streams.server.connect();
  await wire.call("DEL s");
  const ids: [number, number][] = [];
  for (let ms = 1; ms < 400; ms += random.from(1, 3))
    for (let seq = random.below(3); seq < 4; seq += random.from(1, 3)) ids.push([ms, seq]);
  for (const [ms, seq] of ids) await wire.call(`XADD s ${ms}-${seq} f ${ms}`);
  const gone = new Set(ids.filter(() => random.chance(0.4)));
  for (const [ms, seq] of gone) await wire.call(`XDEL s ${ms}-${seq}`);
  for (let turn = 0; turn < 200; turn++) {
    const [a, b] = [random.pick(ids), random.pick(ids)];
    const inside = ids.filter(
      (id) =>
        !gone.has(id) &&
        (id[0] > a[0] || (id[0] === a[0] && id[1] >= a[1])) &&
        (id[0] < b[0] || (id[0] === b[0] && id[1] <= b[1])),
    );
    const reply = await wire.call(`XRANGE s ${a.join("-")} ${b.join("-")}`);
    const found = "items" in reply ? reply.items.map((item) => ("items" in item ? textOf(item.items[0]) : "")) : [];
    expect(found).toEqual(inside.map((id) => id.join("-")));
  }
  await wire.close();
});
