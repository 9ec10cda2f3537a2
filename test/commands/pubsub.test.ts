/** Channels, patterns, shard channels; over one core and over two, where publisher and subscriber live on different ones. */
import { expect } from "bun:test";
import { anything, err, ok, simple, unordered } from "../harness/expected.ts";
import { check, suite } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";
import { quiet, tells, told } from "../harness/told.ts";

const pubsub = suite(isOracle ? {} : { options: { cores: "2" } });

pubsub.both("a message reaches who subscribes to its channel, until they unsubscribe", async (wire, protocol) => {
  const listener = await pubsub.server.connect(protocol);
  expect(await tells(listener, "SUBSCRIBE news sport", 2)).toEqual(["subscribe news 1", "subscribe sport 2"]);
  await check(wire, [
    ["PUBLISH news hello", 1],
    ["PUBLISH sport goal", 1],
    ["PUBLISH other nobody", 0],
  ]);
  expect([await told(listener), await told(listener)]).toEqual(["message news hello", "message sport goal"]);
  expect(await tells(listener, "UNSUBSCRIBE news")).toEqual(["unsubscribe news 1"]);
  await check(wire, [["PUBLISH news again", 0]]);
  expect(await tells(listener, "UNSUBSCRIBE")).toEqual(["unsubscribe sport 0"]);
  expect(await quiet(listener)).toEqual([]);
  await listener.close();
});

pubsub.both("patterns and channels count apart, and each match is a message", async (wire, protocol) => {
  const listener = await pubsub.server.connect(protocol);
  await tells(listener, "SUBSCRIBE foo.bar");
  expect(await tells(listener, "PSUBSCRIBE foo.* *.bar foo.*", 3)).toEqual([
    "psubscribe foo.* 2",
    "psubscribe *.bar 3",
    "psubscribe foo.* 3",
  ]);
  await check(wire, [["PUBLISH foo.bar x", 3]]);
  const got = [await told(listener), await told(listener), await told(listener)];
  expect(got[0]).toBe("message foo.bar x");
  expect(got.slice(1).sort()).toEqual(["pmessage *.bar foo.bar x", "pmessage foo.* foo.bar x"]);
  expect(await tells(listener, "PUNSUBSCRIBE nosuch")).toEqual(["punsubscribe nosuch 3"]);
  expect((await tells(listener, "PUNSUBSCRIBE", 2)).sort()).toEqual(["punsubscribe *.bar 2", "punsubscribe foo.* 1"]);
  await listener.close();
});

pubsub.both("shard channels are a world of their own", async (wire, protocol) => {
  const listener = await pubsub.server.connect(protocol);
  expect(await tells(listener, "SSUBSCRIBE ch")).toEqual(["ssubscribe ch 1"]);
  expect(await tells(listener, "SUBSCRIBE ch")).toEqual(["subscribe ch 1"]);
  await check(wire, [
    ["SPUBLISH ch a", 1],
    ["PUBLISH ch b", 1],
    ["PUBSUB SHARDCHANNELS", ["ch"]],
    ["PUBSUB SHARDNUMSUB ch none", ["ch", 1, "none", 0]],
  ]);
  const got = [await told(listener), await told(listener)];
  expect(got.sort()).toEqual(["message ch b", "smessage ch a"]);
  expect(await tells(listener, "SUNSUBSCRIBE")).toEqual(["sunsubscribe ch 0"]);
  await listener.close();
});

pubsub.both("PUBSUB tells who listens to what", async (wire, protocol) => {
  const one = await pubsub.server.connect(protocol);
  const two = await pubsub.server.connect(protocol);
  await tells(one, "SUBSCRIBE a b", 2);
  await tells(two, "SUBSCRIBE b");
  await tells(two, "PSUBSCRIBE x* y*", 2);
  await check(wire, [
    ["PUBSUB CHANNELS", unordered("a", "b")],
    ["PUBSUB CHANNELS a*", ["a"]],
    ["PUBSUB CHANNELS nosuch*", []],
    ["PUBSUB NUMSUB a b c", ["a", 1, "b", 2, "c", 0]],
    ["PUBSUB NUMSUB", []],
    ["PUBSUB NUMPAT", 2],
    [
      "PUBSUB CHANNELS a b",
      err("ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP."),
    ],
    ["PUBSUB NOSUCH", err("ERR unknown subcommand 'NOSUCH'. Try PUBSUB HELP.")],
  ]);
  await one.close();
  await two.close();
});

pubsub.both("in RESP2 a subscriber may do little else, in RESP3 everything", async (wire, protocol) => {
  await tells(wire, "SUBSCRIBE ch");
  const refused = err(
    "ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
  );
  if (protocol === 2) {
    await check(wire, [
      ["GET k", refused],
      ["PING", ["pong", ""]],
      ["PING x", ["pong", "x"]],
      ["RESET", simple("RESET")],
      ["GET k", null],
    ]);
  } else {
    await check(wire, [
      ["SET k v", ok],
      ["GET k", "v"],
      ["PING", simple("PONG")],
    ]);
  }
});

pubsub.both("a connection that closes or resets is no subscriber any more", async (wire, protocol) => {
  const one = await pubsub.server.connect(protocol);
  const two = await pubsub.server.connect(protocol);
  await tells(one, "SUBSCRIBE ch");
  await tells(two, "SUBSCRIBE ch");
  await check(wire, [["PUBLISH ch x", 2]]);
  await told(two);
  await check(two, [["RESET", simple("RESET")]], 2);
  await one.close();
  for (let turn = 0; turn < 1000; turn++) {
    const reply = await wire.call("PUBSUB NUMSUB ch");
    if (reply.kind === "array" && reply.items[1]?.kind === "integer" && reply.items[1].value === 0) break;
  }
  await check(wire, [
    ["PUBLISH ch x", 0],
    ["PUBSUB CHANNELS", []],
  ]);
  await two.close();
});

pubsub.both(
  "a client gets its own message, behind the reply of PUBLISH",
  async (wire) => {
    await tells(wire, "SUBSCRIBE ch");
    await check(wire, [
      ["MULTI", ok],
      ["PUBLISH ch bar", simple("QUEUED")],
      ["PING x", simple("QUEUED")],
      ["EXEC", [1, "x"]],
    ]);
    expect(await told(wire)).toBe("message ch bar");
  },
  { only: 3, since: "7.2" },
);

pubsub.both(
  "messages come whatever CLIENT REPLY says",
  async (wire) => {
    const other = await pubsub.server.connect(3);
    other.send("CLIENT REPLY OFF");
    expect(await tells(other, "SUBSCRIBE ch")).toEqual(["subscribe ch 1"]);
    await check(wire, [["PUBLISH ch x", 1]]);
    expect(await told(other)).toBe("message ch x");
    expect(await tells(other, "UNSUBSCRIBE ch")).toEqual(["unsubscribe ch 0"]);
    await other.close();
  },
  { only: 3, since: "7.2" },
);

pubsub.both("a transaction's messages go out when it is through", async (wire, protocol) => {
  const listener = await pubsub.server.connect(protocol);
  await tells(listener, "SUBSCRIBE ch");
  await check(wire, [
    ["MULTI", ok],
    ["PUBLISH ch one", simple("QUEUED")],
    ["SET k v", simple("QUEUED")],
    ["PUBLISH ch two", simple("QUEUED")],
    ["EXEC", [1, ok, 1]],
  ]);
  expect([await told(listener), await told(listener)]).toEqual(["message ch one", "message ch two"]);
  await listener.close();
});

pubsub.both("many subscribers on both cores each get every message in order", async (wire, protocol) => {
  const listeners = await Promise.all(Array.from({ length: 20 }, () => pubsub.server.connect(protocol)));
  for (const listener of listeners) await tells(listener, "SUBSCRIBE ch");
  for (let turn = 0; turn < 50; turn++) await check(wire, [[`PUBLISH ch ${turn}`, 20]]);
  for (const listener of listeners) {
    for (let turn = 0; turn < 50; turn++) expect(await told(listener)).toBe(`message ch ${turn}`);
    await listener.close();
  }
});

pubsub.rows("the commands refuse what they cannot use", [
  ["SUBSCRIBE", err("ERR wrong number of arguments for 'subscribe' command")],
  ["PUBLISH ch", err("ERR wrong number of arguments for 'publish' command")],
  ["PUBSUB HELP", anything],
]);
