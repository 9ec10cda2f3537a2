/** List commands that wait for an element: BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH, BLMOVEM. */

import { expect } from "bun:test";
import { err, nilArray, ok, queued } from "../harness/expected.ts";
import { numberOf, show, textOf } from "../harness/resp.ts";
import { type Row, suite } from "../harness/suite.ts";
import { until } from "../harness/wait.ts";
import type { Command, Wire } from "../harness/wire.ts";

const lists = suite();
const syntax = err("ERR syntax error");
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const badTimeout = err("ERR timeout is not a float or out of range");
const negative = err("ERR timeout is negative");

/** A client that has sent a command and waits for its reply. */
async function waiting(command: Command, protocol: 2 | 3): Promise<{ wire: Wire; reply: Promise<string> }> {
  const before = await blockedClients();
  const wire = await lists.server.connect(protocol);
  const reply = wire.call(command).then(show);
  await until("the client to wait", async () => (await blockedClients()) > before);
  return { wire, reply };
}

async function blockedClients(): Promise<number> {
  const wire = await lists.server.connect();
  const info = textOf(await wire.call("INFO clients"));
  await wire.close();
  return Number(/blocked_clients:(\d+)/.exec(info)?.[1]);
}

lists.rows("what is there is popped at once, from the first list that has something", [
  ["RPUSH l 1 2 3 4 5 6 7 8 9", 9],
  ["BLPOP l 0", ["l", "1"]],
  ["BRPOP none l 1", ["l", "9"]],
  ["BLPOP none l none2 0.5", ["l", "2"]],
  ["BLMPOP 0 2 none l LEFT COUNT 2", ["l", ["3", "4"]]],
  ["BLMPOP 1 1 l right", ["l", ["8"]]],
  ["BLMOVE l m LEFT RIGHT 0", "5"],
  ["BRPOPLPUSH l m 0", "7"],
  ["BRPOP l 0", ["l", "6"]],
  ["EXISTS l", 0],
  ["LRANGE m 0 -1", ["7", "5"]],
]);

lists.rows("nothing waits inside MULTI", [
  ["MULTI", ok],
  ["BLPOP none 0", queued],
  ["BRPOP none 0", queued],
  ["BLMPOP 0 1 none LEFT", queued],
  ["BLMOVE none m LEFT LEFT 0", queued],
  ["BRPOPLPUSH none m 0", queued],
  ["EXEC", [nilArray, nilArray, nilArray, null, null]],
]);

lists.rows(
  "BLMOVEM does not wait inside MULTI either",
  [
    ["RPUSH l a", 1],
    ["MULTI", ok],
    ["BLMOVEM l m LEFT LEFT 0 EXACTLY 2 BULK", queued],
    ["BLMOVEM l m LEFT LEFT 0 COUNT 2 BULK", queued],
    ["EXEC", [nilArray, ["a"]]],
  ],
  { since: "8.10" },
);

lists.rows("the end of the time is told by a null array", [
  ["BLPOP none 0.01", nilArray],
  ["BRPOP none none2 0.01", nilArray],
  ["BLMPOP 0.01 1 none LEFT", nilArray],
  ["BLMOVE none m LEFT LEFT 0.01", nilArray],
  ["BRPOPLPUSH none m 0.01", nilArray],
]);

lists.rows(
  "BLMOVEM waits for as many as it is to move",
  [
    ["RPUSH l a b", 2],
    ["BLMOVEM l m LEFT LEFT 0.01 EXACTLY 3 BULK", nilArray],
    ["LRANGE l 0 -1", ["a", "b"]],
    ["BLMOVEM l m LEFT LEFT 0 EXACTLY 2 OBO", ["b", "a"]],
    ["RPUSH l a b", 2],
    ["BLMOVEM l m LEFT LEFT 0", ["a"]],
    ["BLMOVEM l m LEFT LEFT x", badTimeout],
    ["BLMOVEM l m LEFT LEFT 0 COUNT 2", syntax],
    ["BLMOVEM l m LEFT LEFT 0 COUNT 0 OBO", err("ERR count should be greater than 0")],
    ["BLMOVEM l m LEFT UP 0", syntax],
  ],
  { since: "8.10" },
);

lists.rows("timeouts and sides are checked before keys", [
  ["SET s text", ok],
  ["BLPOP s x", badTimeout],
  ["BLPOP s -1", negative],
  ["BLPOP s nan", badTimeout],
  ["BRPOPLPUSH s m x", badTimeout],
  ["BLMOVE s m LEFT UP 0", syntax],
  ["BLMOVE s m LEFT RIGHT x", badTimeout],
  ["BLMPOP x 1 s LEFT", badTimeout],
  ["BLMPOP x 0 s LEFT", err("ERR numkeys should be greater than 0")],
  ["BLMPOP 0 1 s UP", syntax],
  ["BLPOP l", err("ERR wrong number of arguments for 'blpop' command")],
]);

lists.rows("a key of another type is refused, but not behind a list that has something", [
  ["SET s text", ok],
  ["RPUSH l a b c", 3],
  ...(
    [
      "BLPOP s 0",
      "BRPOP none s l 0",
      "BLMPOP 0 2 s l LEFT",
      "BLMOVE s m LEFT LEFT 0",
      "BLMOVE l s LEFT LEFT 0",
      "BRPOPLPUSH l s 0",
    ] as const
  ).map((command): Row => [command, wrongType]),
  ["BLPOP l s 0", ["l", "a"]],
]);

lists.both("a waiting client gets the element that comes, and the key is gone again", async (wire, protocol) => {
  for (const [command, wanted, left] of [
    ["BLPOP none l 0", '["l", "first"]', 1],
    ["BRPOP l 0", '["l", "last"]', 1],
    ["BLMPOP 0 1 l LEFT COUNT 9", '["l", ["first", "last"]]', 0],
    ["BLMOVE l m LEFT RIGHT 0", '"first"', 1],
    ["BRPOPLPUSH l m 0", '"last"', 1],
  ] as const) {
    const client = await waiting(command, protocol);
    expect(numberOf(await wire.call("RPUSH l first last"))).toBe(2);
    expect(await client.reply).toBe(wanted);
    expect(numberOf(await wire.call("LLEN l"))).toBe(left);
    await wire.call("DEL l m");
    await client.wire.close();
  }
});

lists.both("clients are served first come, first served, whatever they ask for", async (wire, protocol) => {
  const first = await waiting("BLPOP l 0", protocol);
  const second = await waiting("BLMPOP 0 1 l RIGHT COUNT 2", protocol);
  const third = await waiting("BLPOP other l 0", protocol);
  await wire.call("RPUSH l 1 2 3 4");
  expect(await first.reply).toBe('["l", "1"]');
  expect(await second.reply).toBe('["l", ["4", "3"]]');
  expect(await third.reply).toBe('["l", "2"]');
  for (const client of [first, second, third]) await client.wire.close();
});

lists.both("a chain of moves runs through at once", async (wire, protocol) => {
  const last = await waiting("BRPOP c 0", protocol);
  const middle = await waiting("BLMOVE b c LEFT LEFT 0", protocol);
  const first = await waiting("BRPOPLPUSH a b 0", protocol);
  await wire.call("LPUSH a x");
  expect(await Promise.all([first.reply, middle.reply, last.reply])).toEqual(['"x"', '"x"', '["c", "x"]']);
  expect(numberOf(await wire.call("EXISTS a b c"))).toBe(0);
  for (const client of [first, middle, last]) await client.wire.close();
});

lists.both("a transaction and a renamed, copied or restored list serve who waits", async (wire, protocol) => {
  for (const commands of [
    ["MULTI", "RPUSH l a b", "DEL l", "RPUSH l c", "EXEC"],
    ["RPUSH m c", "RENAME m l"],
    ["RPUSH m c", "COPY m l"],
    ["RPUSH m c", "LMOVE m l LEFT LEFT"],
  ]) {
    const client = await waiting("BLPOP l 0", protocol);
    for (const command of commands) await wire.call(command);
    expect(await client.reply).toBe('["l", "c"]');
    await wire.call("DEL l m");
    await client.wire.close();
  }
});

lists.both(
  "BLMOVEM EXACTLY goes on waiting while a list is too short, and keeps its place",
  async (wire, protocol) => {
    const exactly = await waiting("BLMOVEM l m LEFT RIGHT 0 EXACTLY 3 BULK", protocol);
    const behind = await waiting("BLPOP l 0", protocol);
    await wire.call("RPUSH l x");
    expect(await behind.reply).toBe('["l", "x"]');
    await wire.call("RPUSH l 1 3");
    expect(numberOf(await wire.call("LINSERT l AFTER 1 2"))).toBe(3);
    expect(await exactly.reply).toBe('["1", "2", "3"]');
    expect(numberOf(await wire.call("EXISTS l"))).toBe(0);
    await exactly.wire.close();
    await behind.wire.close();
  },
  { since: "8.10" },
);

lists.both("a waiting client can be released with its time over, or with an error", async (wire, protocol) => {
  const over = await waiting("BLMOVE l m LEFT LEFT 0", protocol);
  const failed = await waiting("BLPOP l 0", protocol);
  const clients = textOf(await wire.call("CLIENT LIST"));
  const idOf = (name: string) => new RegExp(`id=(\\d+) .* cmd=${name} `).exec(clients)?.[1] ?? "0";
  expect(numberOf(await wire.call(`CLIENT UNBLOCK ${idOf("blmove")}`))).toBe(1);
  expect(numberOf(await wire.call(`CLIENT UNBLOCK ${idOf("blpop")} ERROR`))).toBe(1);
  expect(await over.reply).toBe(protocol === 3 ? "null(_)" : "nil(*-1)");
  expect(await failed.reply).toBe("-UNBLOCKED client unblocked via CLIENT UNBLOCK");
  await over.wire.close();
  await failed.wire.close();
});

lists.both("the statistics count a served wait once", async (wire, protocol) => {
  await wire.call("CONFIG RESETSTAT");
  const client = await waiting("BLPOP l 0", protocol);
  await wire.call("RPUSH l a");
  await client.reply;
  expect(textOf(await wire.call("INFO commandstats"))).toMatch(
    /cmdstat_blpop:calls=1,.*rejected_calls=0,failed_calls=0/,
  );
  await client.wire.close();
});

lists.both("INFO counts nobody as blocked who has been answered, or whose time is over", async (wire) => {
  const waiters = await Promise.all(Array.from({ length: 4 }, () => lists.server.connect()));
  const counts: number[] = [];
  for (let round = 0; round < 100; round++) {
    const replies = waiters.map((waiter) => waiter.call(round % 2 === 0 ? "BLPOP l 0.001" : "BLPOP l 10"));
    if (round % 2 === 1) await wire.call("RPUSH l 1 2 3 4");
    await Promise.all(replies);
    counts.push(Number(/blocked_clients:(\d+)/.exec(textOf(await wire.call("INFO clients")))?.[1]));
  }
  expect(counts.filter((count) => count !== 0)).toEqual([]);
  await Promise.all(waiters.map((waiter) => waiter.close()));
});
