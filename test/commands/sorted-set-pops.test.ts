/** Popping from sorted sets over both encodings, and waiting for something to pop. */

import { expect } from "bun:test";
import { byProtocol, double, type Expected, err, nilArray, simple } from "../harness/expected.ts";
import { itemsOf, numberOf, type Reply, textOf } from "../harness/resp.ts";
import { type Row, suite } from "../harness/suite.ts";

const zsets = suite();
const notPositive = err("ERR value is out of range, must be positive");
const syntax = err("ERR syntax error");
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const arity = (name: string) => err(`ERR wrong number of arguments for '${name}' command`);
/** Members and scores: flat in RESP2, in pairs in RESP3. */
const pairs = (...flat: readonly string[]): Expected => {
  const nested: Expected[] = [];
  for (let at = 0; at < flat.length; at += 2) nested.push([flat[at] as string, double(flat[at + 1] as string)]);
  return byProtocol(flat, nested);
};

/** The same behaviour with sorted sets that start as listpacks and with ones that are skiplists from the first member. */
function eachEncoding(name: string, rows: readonly Row[], options: { since?: string } = {}): void {
  zsets.rows(`${name}, as listpack`, rows, options);
  zsets.rows(`${name}, as skiplist`, rows, {
    ...options,
    before: ["CONFIG SET zset-max-listpack-entries 0"],
    after: ["CONFIG SET zset-max-listpack-entries 128"],
  });
}

eachEncoding("ZPOPMIN and ZPOPMAX take from the ends", [
  ["ZADD z 1 a 2 b 3 c 4 d 5 e", 5],
  ["ZPOPMIN z", ["a", double("1")]],
  ["ZPOPMAX z", ["e", double("5")]],
  ["ZPOPMIN z 0", []],
  ["ZPOPMAX z 2", pairs("d", "4", "c", "3")],
  ["ZPOPMIN z 9", pairs("b", "2")],
  ["EXISTS z", 0],
  ["ZPOPMIN z", []],
  ["ZPOPMAX z 3", []],
  ["ZPOPMIN z -1", notPositive],
  ["ZPOPMIN z abc", notPositive],
  ["ZPOPMIN z 1 2", syntax],
]);

eachEncoding("ZMPOP pops from the first key that has members", [
  ["ZADD b 1 x 2 y 3 z", 3],
  ["ZMPOP 2 a b MIN", ["b", [["x", double("1")]]]],
  [
    "ZMPOP 2 a b max COUNT 5",
    [
      "b",
      [
        ["z", double("3")],
        ["y", double("2")],
      ],
    ],
  ],
  ["ZMPOP 2 a b MAX", nilArray],
  ["ZMPOP 0 a MIN", err("ERR numkeys should be greater than 0")],
  ["ZMPOP x a MIN", err("ERR numkeys should be greater than 0")],
  ["ZMPOP 1 a MIN COUNT 0", err("ERR count should be greater than 0")],
  ["ZMPOP 1 a MIN COUNT x", err("ERR count should be greater than 0")],
  ["ZMPOP 1 a MIN COUNT", syntax],
  ["ZMPOP 1 a MIN COUNT 1 COUNT 2", syntax],
  ["ZMPOP 1 a MID", syntax],
  ["ZMPOP 2 a MIN", syntax],
  ["ZMPOP 9223372036854775807 a MIN", syntax],
  ["ZMPOP 1 a", arity("zmpop")],
  ["SET s text", simple("OK")],
  ["ZMPOP 2 s b MIN", wrongType],
]);

eachEncoding("blocking pops take what is there at once", [
  ["ZADD z 1 a 2 b 3 c 4 d", 4],
  ["BZPOPMIN none z 0", ["z", "a", double("1")]],
  ["BZPOPMAX z none 0", ["z", "d", double("4")]],
  [
    "BZMPOP 0 2 none z MAX COUNT 2",
    [
      "z",
      [
        ["c", double("3")],
        ["b", double("2")],
      ],
    ],
  ],
  ["BZPOPMIN z 0.01", nilArray],
  ["BZMPOP 0.01 1 z MIN", nilArray],
  ["BZPOPMIN z abc", err("ERR timeout is not a float or out of range")],
  ["BZPOPMIN z -1", err("ERR timeout is negative")],
  ["BZMPOP -1 1 z MIN", err("ERR timeout is negative")],
  ["BZMPOP 1 0 z MIN", err("ERR numkeys should be greater than 0")],
  ["BZMPOP 1 1 z MID", syntax],
  ["BZPOPMIN z", arity("bzpopmin")],
  ["SET s text", simple("OK")],
  ["BZPOPMIN none s 0", wrongType],
  ["MULTI", simple("OK")],
  ["BZPOPMIN z 0", simple("QUEUED")],
  ["BZMPOP 0 1 z MIN", simple("QUEUED")],
  ["EXEC", [nilArray, nilArray]],
]);

zsets.both("a blocked client is served by whatever makes the key a sorted set", async (wire, protocol) => {
  const makers = [
    "ZADD z 1 m",
    "ZINCRBY z 1 m",
    "ZUNIONSTORE z 1 other",
    "ZRANGESTORE z other 0 -1",
    "RENAME other z",
    "COPY other z",
  ];
  for (const maker of makers) {
    await wire.call("FLUSHALL");
    await wire.call("ZADD other 1 m");
    const blocked = await zsets.server.connect(protocol);
    const reply = blocked.call("BZPOPMIN none z 10");
    for (;;) {
      const clients = textOf(await wire.call("CLIENT LIST"));
      if (/cmd=bzpopmin/.test(clients) && / flags=\w*b/.test(clients)) break;
      await Bun.sleep(1);
    }
    await wire.call(maker);
    const [key, member] = itemsOf(await reply);
    expect([textOf(key), textOf(member), maker]).toEqual(["z", "m", maker]);
    await blocked.close();
  }
});

/** Above what is taken at once, so that these go on in slices. */
const MANY = 9000;

zsets.both("very many members are popped in order, and nobody sees some of them gone and some not", async (wire) => {
  const watcher = await zsets.server.connect();
  const name = (number: number) => `member:${number}`;
  const add = ["ZADD", "z"];
  for (let number = 0; number < MANY; number++) add.push(`${number}`, name(number));
  await wire.call(add);
  const flat = (reply: Reply) => itemsOf(reply).flatMap((item) => (item.kind === "array" ? itemsOf(item) : [item]));
  const members = (reply: Reply) => flat(reply).filter((_, at) => at % 2 === 0);
  let popped = false;
  const seen: number[] = [];
  const watching = (async () => {
    while (!popped) seen.push(numberOf(await watcher.call("ZCARD z")));
  })();
  const lowest = members(await wire.call("ZPOPMIN z 4000"));
  const highest = members(await wire.call("ZPOPMAX z 3000"));
  popped = true;
  await watching;
  expect(lowest.map(textOf)).toEqual(Array.from({ length: 4000 }, (_, at) => name(at)));
  expect(highest.map(textOf)).toEqual(Array.from({ length: 3000 }, (_, at) => name(MANY - 1 - at)));
  expect([...new Set(seen)].filter((size) => ![9000, 5000, 2000].includes(size))).toEqual([]);
  expect(numberOf(await wire.call("ZCARD z"))).toBe(2000);
  expect(textOf(itemsOf(await wire.call("ZRANGE z 0 0"))[0] as Reply)).toBe(name(4000));
  await wire.call(add);
  const rest = itemsOf(await wire.call("ZMPOP 2 none z MAX COUNT 100000"));
  expect(textOf(rest[0] as Reply)).toBe("z");
  expect(itemsOf(rest[1] as Reply).length).toBe(MANY);
  expect(numberOf(await wire.call("EXISTS z"))).toBe(0);
  await watcher.close();
});
