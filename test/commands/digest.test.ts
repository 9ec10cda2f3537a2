/** DEBUG DIGEST and DIGEST-VALUE: data sets that are equal have equal digests, those that redis-server gives them. */
import { expect } from "bun:test";
import { show } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import { targetHas } from "../harness/target.ts";

const digests = suite();

/** Commands that make a value, and the digest that redis-server 7.0 replies for its key. */
const values: readonly [string, ...string[]][] = [
  ["string", "SET string text"],
  ["integer", "SET integer -12345"],
  ["empty", 'SET empty ""'],
  ["expiring", "SET expiring text EXAT 33177117420"],
  ["list", "RPUSH list a 1 b -70000"],
  ["set", "SADD set a 1 b"],
  ["intset", "SADD intset 1 2 300000"],
  ["zset", "ZADD zset 1 a 2.5 b -inf c 1e300 d 0.1 e"],
  ["hash", "HSET hash f v 1 2"],
  ["stream", "XADD stream 1-1 f v g 12", "XADD stream 1526919030474-55 f w"],
];

const expected: Readonly<Record<string, string>> = {
  string: "2ce3f57ae020966eb041fa6a47e5221ee0d42d6b",
  integer: "9364d007acb0ba24016c9866e6283671e674924f",
  empty: "8b3447c33a834b810e3e181b6fd6a2ee1020921c",
  expiring: "ca660b853c197c3a71571192028fed85fa7a6ce8",
  list: "3f9fe10e076d69725ccd1bbae3f13d8969210b23",
  set: "e8f32bbb1ad9bf537c8867de4f19fec9e001296d",
  intset: "a5f06f4721116e44ffd705155f567c906dac6285",
  zset: "a6457a793971ddb3b0da85bf853f9ca22fa538f0",
  hash: "78186da816517abac4ec4b92f608dd6059a76ae9",
  stream: "09bd846b47b9c67ae7ca9c9b12a6cde1068b4f6a",
};

digests.both("values have the digests that redis-server gives them", async (wire) => {
  for (const [key, ...commands] of values) {
    await wire.pipeline(commands);
    expect([key, show(await wire.call(`DEBUG DIGEST-VALUE ${key}`))]).toEqual([key, `[+${expected[key]}]`]);
  }
  expect(show(await wire.call("DEBUG DIGEST-VALUE nosuch"))).toBe(`[+${"0".repeat(40)}]`);
  expect(show(await wire.call("DEBUG DIGEST"))).toBe("+e5f56f2a04928a6e59050291fa3866552de1ed48");
});

digests.both("vector sets have the digests that Redis 8.6 gives them", async (wire) => {
  if (!targetHas("8.0.0")) return;
  await wire.pipeline([
    "VADD q8 VALUES 3 1 2 3 a",
    `VADD q8 VALUES 3 1 -2 3 b SETATTR '{"n":1}'`,
    "VADD bin VALUES 3 1 -2 3 b BIN",
    "VADD f32 VALUES 3 1 -2 3 b NOQUANT",
  ]);
  expect(show(await wire.call("DEBUG DIGEST-VALUE q8 bin f32"))).toBe(
    "[+483848a427973a8134223e2a06961aa9332bf9be, +99bdcb53961ec3d295dcd625cc139daab4cd9659, +570ab35064757d1858a97afa50eb9d543f8e9a09]",
  );
});

digests.both("a digest knows values apart, and not how they came about", async (wire) => {
  const digest = async (...commands: string[]): Promise<string> => {
    await wire.pipeline(["FLUSHALL", ...commands]);
    return show(await wire.call("DEBUG DIGEST"));
  };
  expect(await digest()).toBe(`+${"0".repeat(40)}`);
  expect(await digest("RPUSH k a b c")).toBe(await digest("LPUSH k c b a"));
  expect(await digest("RPUSH k a b c")).not.toBe(await digest("RPUSH k a c b"));
  expect(await digest("SADD k a b")).toBe(await digest("SADD k b x", "SADD k a", "SREM k x"));
  expect(await digest("HSET k a b")).not.toBe(await digest("HSET k b a"));
  expect(await digest("SET a 1", "SET b 2")).toBe(await digest("SET b 2", "SET a 1"));
  expect(await digest("SET a 1", "SET b 2")).not.toBe(await digest("SET a 2", "SET b 1"));
  expect(await digest("SET a 1")).not.toBe(await digest("SET a 1", "MOVE a 1"));
  expect(await digest("SET a 1")).not.toBe(await digest("SET a 1", "EXPIREAT a 33177117420"));
  const many = Array.from({ length: 20_000 }, (_, at) => `SET key:${at} ${at}`);
  expect(await digest(...many)).toBe(await digest(...many.toReversed()));
});

digests.both("inside MULTI a digest is of that moment", async (wire) => {
  await wire.pipeline(["MULTI", "SET a 1", "DEBUG DIGEST", "SET a 2", "DEBUG DIGEST"]);
  const reply = await wire.call("EXEC");
  if (!("items" in reply)) throw new Error(show(reply));
  const [, first, , second] = reply.items.map(show);
  expect(first).not.toBe(second);
  expect(show(await wire.call("DEBUG DIGEST"))).toBe(second as string);
});
