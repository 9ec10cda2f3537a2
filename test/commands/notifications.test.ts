/** Keyspace notifications: which events a change fires, under which letters. */
import { expect } from "bun:test";
import { err, ok, queued } from "../harness/expected.ts";
import { check, type Row, suite } from "../harness/suite.ts";
import { quiet, tells, told } from "../harness/told.ts";
import type { Wire } from "../harness/wire.ts";

const events = suite();

/** Runs the rows with these classes on, and gives the events as `channel message`. */
async function firedBy(wire: Wire, classes: string, rows: readonly Row[], count: number): Promise<string[]> {
  const listener = await events.server.connect(wire.protocol);
  await check(wire, [[`CONFIG SET notify-keyspace-events ${classes}`, ok]]);
  await tells(listener, "PSUBSCRIBE *");
  await check(wire, rows);
  const got: string[] = [];
  while (got.length < count) got.push((await told(listener)).replace("pmessage * ", ""));
  await tells(listener, "PUNSUBSCRIBE *");
  expect(await quiet(listener)).toEqual([]);
  await listener.close();
  await check(wire, [['CONFIG SET notify-keyspace-events ""', ok]]);
  return got;
}

events.both("K and E choose the form of the message", async (wire) => {
  expect(await firedBy(wire, "KEA", [["SET k v", ok]], 2)).toEqual(["__keyspace@0__:k set", "__keyevent@0__:set k"]);
  expect(await firedBy(wire, "KA", [["DEL k", 1]], 1)).toEqual(["__keyspace@0__:k del"]);
  expect(
    await firedBy(
      wire,
      "EA",
      [
        ["SELECT 3", ok],
        ["SET k v", ok],
        ["SELECT 0", ok],
      ],
      1,
    ),
  ).toEqual(["__keyevent@3__:set k"]);
  expect(await firedBy(wire, "A", [["SET k v", ok]], 0)).toEqual([]);
});

events.both("a letter lets its class through and no other", async (wire) => {
  const rows: Row[] = [
    ["SET s v", ok],
    ["HSET h f v", 1],
    ["EXPIRE h 100", 1],
  ];
  expect(await firedBy(wire, "E$", rows, 1)).toEqual(["__keyevent@0__:set s"]);
  await check(wire, [["DEL s h", 2]]);
  expect(await firedBy(wire, "Ehg", rows, 2)).toEqual(["__keyevent@0__:hset h", "__keyevent@0__:expire h"]);
});

events.both(
  "n tells of keys that are new, m of those that are missed",
  async (wire) => {
    const rows: Row[] = [
      ["SET k v", ok],
      ["SET k w", ok],
      ["GET none", null],
      ["RENAME k l", ok],
    ];
    expect(await firedBy(wire, "Enm", rows, 3)).toEqual([
      "__keyevent@0__:new k",
      "__keyevent@0__:keymiss none",
      "__keyevent@0__:new l",
    ]);
  },
  { since: "7.0" },
);

/** DUMP's of the string `bar`: a sum of nought says that there is none. */
const BAR = Buffer.from("\x00\x03bar\x0a\x00\0\0\0\0\0\0\0\0", "latin1");

events.both(
  "o and c tell of values that replace others",
  async (wire) => {
    const rows: Row[] = [
      ["SET k v", ok],
      ["SET k w", ok],
      ["INCR n", 1],
      ["INCR n", 2],
      ["HSET h f v", 1],
      ["SET h v", ok],
      ["HSET g f v", 1],
      [["RESTORE", "g", "0", BAR, "REPLACE"], ok],
      [["RESTORE", "new", "0", BAR, "REPLACE"], ok],
      ["RPUSH l 1", 1],
      ["COPY h l REPLACE", 1],
      ["COPY h l2 REPLACE", 1],
      ["COPY l l2 REPLACE", 1],
      ["SADD s 1", 1],
      ["RENAME s l", ok],
      ["RENAME l free", ok],
    ];
    expect(await firedBy(wire, "Eogc", rows, 19)).toEqual([
      "__keyevent@0__:overwritten k",
      "__keyevent@0__:overwritten h",
      "__keyevent@0__:type_changed h",
      "__keyevent@0__:restore g",
      "__keyevent@0__:overwritten g",
      "__keyevent@0__:type_changed g",
      "__keyevent@0__:restore new",
      "__keyevent@0__:copy_to l",
      "__keyevent@0__:overwritten l",
      "__keyevent@0__:type_changed l",
      "__keyevent@0__:copy_to l2",
      "__keyevent@0__:copy_to l2",
      "__keyevent@0__:overwritten l2",
      "__keyevent@0__:rename_from s",
      "__keyevent@0__:rename_to l",
      "__keyevent@0__:overwritten l",
      "__keyevent@0__:type_changed l",
      "__keyevent@0__:rename_from l",
      "__keyevent@0__:rename_to free",
    ]);
  },
  { since: "8.2" },
);

events.both("a key that expires fires expired", async (wire) => {
  const rows: Row[] = [["PSETEX k 10 v", ok]];
  expect(await firedBy(wire, "Ex", rows, 1)).toEqual(["__keyevent@0__:expired k"]);
});

events.both("what a transaction changes is told when it is through, in its order", async (wire) => {
  const rows: Row[] = [
    ["MULTI", ok],
    ["SET a 1", queued],
    ["INCR a", queued],
    ["EXEC", [ok, 2]],
  ];
  expect(await firedBy(wire, "EA", rows, 2)).toEqual(["__keyevent@0__:set a", "__keyevent@0__:incrby a"]);
});

events.rows("a letter that means nothing is refused, others come back in Redis's order", [
  [
    "CONFIG SET notify-keyspace-events Q",
    err(
      "ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
    ),
  ],
  ["CONFIG SET notify-keyspace-events gKE", ok],
  ['CONFIG SET notify-keyspace-events ""', ok],
]);
