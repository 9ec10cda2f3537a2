/** CLIENT and its subcommands. */
import { expect, test } from "bun:test";
import { anything, between, err, like, map, ok, set, simple } from "../harness/expected.ts";
import { numberOf, show, textOf } from "../harness/resp.ts";
import { check, suite } from "../harness/suite.ts";
import { isOracle, targetHas } from "../harness/target.ts";
import { until, within } from "../harness/wait.ts";

const clients = suite();
const syntax = err("ERR syntax error");
const badName = err("ERR Client names cannot contain spaces, newlines or special characters.");

/** The line of one client as fields. */
function fields(line: string): Map<string, string> {
  return new Map(
    line
      .trim()
      .split(" ")
      .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
}

clients.rows("CLIENT SETNAME gives a name that GETNAME and LIST show, an empty one takes it away", [
  ["CLIENT GETNAME", null],
  ["CLIENT SETNAME someone", ok],
  ["CLIENT GETNAME", "someone"],
  ["CLIENT INFO", like(/ name=someone /)],
  ['CLIENT SETNAME "a b"', badName],
  ['CLIENT SETNAME "a\\nb"', badName],
  ['CLIENT SETNAME ""', ok],
  ["CLIENT GETNAME", null],
]);

clients.rows(
  "CLIENT SETINFO keeps the library's name and version",
  [
    ["CLIENT SETINFO LIB-NAME mylib", ok],
    ["CLIENT SETINFO lib-ver 1.2.3", ok],
    ["CLIENT INFO", like(/ lib-name=mylib lib-ver=1\.2\.3[ \n]/)],
    ['CLIENT SETINFO LIB-NAME "a b"', err("ERR lib-name cannot contain spaces, newlines or special characters.")],
    ['CLIENT SETINFO LIB-VER "a\\nb"', err("ERR lib-ver cannot contain spaces, newlines or special characters.")],
    ["CLIENT SETINFO FOO bar", err("ERR Unrecognized option 'FOO'")],
    ['CLIENT SETINFO LIB-NAME ""', ok],
    ["CLIENT INFO", like(/ lib-name= lib-ver=1\.2\.3/)],
  ],
  { since: "7.2" },
);

clients.rows("CLIENT ID is a number of its own for each connection", [
  ["CLIENT ID", between(1, 1e9)],
  ["CLIENT ID x", err("ERR wrong number of arguments for 'client|id' command")],
]);

test("ids grow with each connection", async () => {
  let last = 0;
  for (let round = 0; round < 5; round++) {
    const wire = await clients.server.connect();
    const id = numberOf(await wire.call("CLIENT ID"));
    expect(id).toBeGreaterThan(last);
    last = id;
    await wire.close();
  }
});

clients.both("CLIENT INFO and LIST describe connections with Redis's fields", async (wire, protocol) => {
  const other = await clients.server.connect();
  await other.call("CLIENT SETNAME other");
  await other.call("SELECT 5");
  await other.call("MULTI");
  await other.call("PING");
  const info = fields(textOf(await wire.call("CLIENT INFO")));
  const names = [
    "id",
    "addr",
    "laddr",
    "fd",
    "name",
    "age",
    "idle",
    "flags",
    "db",
    "sub",
    "psub",
    "ssub",
    "multi",
    "qbuf",
    "qbuf-free",
    "argv-mem",
    "multi-mem",
    "rbs",
    "rbp",
    "obl",
    "oll",
    "omem",
    "tot-mem",
    "events",
    "cmd",
    "user",
    "redir",
    "resp",
  ];
  if (targetHas("7.2")) {
    names.splice(names.indexOf("multi") + 1, 0, "watch");
    names.push("lib-name", "lib-ver");
    // Of Valkey 8 and Redis 8.
    if (!isOracle) names.push("io-thread", "tot-net-in", "tot-net-out", "tot-cmds", "watch");
  }
  // `watch` came with 7.4, behind `multi`. Suites of 7.2 know the line without it by heart: here it is the last.
  const shown = [...info.keys()];
  expect(shown.filter((name) => name !== "watch")).toEqual(names.filter((name) => name !== "watch"));
  expect(info.get("laddr")).toBe(`127.0.0.1:${clients.server.port}`);
  expect(info.get("cmd")).toBe("client|info");
  // The request itself, as it was received.
  expect(info.get("qbuf")).toBe(String("*2|$6|CLIENT|$4|INFO|".replaceAll("|", "\r\n").length));
  expect(info.get("resp")).toBe(String(protocol));
  expect(info.get("user")).toBe("default");
  expect(info.get("flags")).toBe("N");
  const listed = textOf(await wire.call("CLIENT LIST"))
    .trim()
    .split("\n")
    .map(fields);
  const otherFields = listed.find((line) => line.get("name") === "other");
  expect(listed.find((line) => line.get("id") === info.get("id"))?.get("qbuf")).toBe("26");
  expect(otherFields?.get("qbuf")).toBe("0");
  expect(otherFields?.get("db")).toBe("5");
  expect(otherFields?.get("multi")).toBe("1");
  if (!isOracle) expect(Number(otherFields?.get("io-thread"))).toBeLessThan(2);
  expect(otherFields?.get("flags")).toBe("x");
  expect(otherFields?.get("cmd")).toBe("ping");
  expect(listed.some((line) => line.get("id") === info.get("id"))).toBe(true);
  if (protocol === 3) expect((await wire.call("CLIENT LIST")).kind).toBe("verbatim");
  await other.close();
});

clients.both("CLIENT LIST filters by id and type", async (wire) => {
  const other = await clients.server.connect();
  const [mine, theirs] = [numberOf(await wire.call("CLIENT ID")), numberOf(await other.call("CLIENT ID"))];
  const lines = async (command: string) =>
    textOf(await wire.call(command))
      .split("\n")
      .filter((line) => line !== "").length;
  expect(await lines(`CLIENT LIST ID ${mine} ${theirs} 999999`)).toBe(2);
  expect(await lines(`CLIENT LIST ID ${theirs}`)).toBe(1);
  expect(await lines("CLIENT LIST ID 999999")).toBe(0);
  expect(await lines("CLIENT LIST TYPE normal")).toBeGreaterThanOrEqual(2);
  expect(await lines("CLIENT LIST TYPE pubsub")).toBe(0);
  expect(await lines("CLIENT LIST TYPE replica")).toBe(0);
  await other.close();
});

clients.both(
  "CLIENT LIST and CLIENT KILL take Valkey's conditions, and those that must not hold",
  async (wire) => {
    const other = await clients.server.connect();
    await other.pipeline(["CLIENT SETNAME other", "CLIENT SETINFO LIB-NAME lib", "SELECT 3", "CLIENT CAPA redirect"]);
    const names = async (request: string) =>
      textOf(await wire.call(request))
        .split("\n")
        .filter((line) => line.includes(" name=other "))
        .map((line) => / db=(\d+)/.exec(line)?.[1]);
    for (const condition of [
      "NAME other",
      "LIB-NAME lib",
      "DB 3",
      "CAPA r",
      "FLAGS N DB 3",
      "NOT-NAME foo DB 3",
      "IP 127.0.0.1",
    ]) {
      expect([condition, await names(`CLIENT LIST ${condition}`)]).toEqual([condition, ["3"]]);
    }
    for (const condition of [
      "NAME foo",
      "NOT-NAME other",
      "DB 0",
      "NOT-DB 3",
      "NOT-LIB-NAME lib",
      "FLAGS b",
      "IDLE 1000",
    ]) {
      expect([condition, await names(`CLIENT LIST ${condition}`)]).toEqual([condition, []]);
    }
    expect(textOf(await wire.call("CLIENT LIST SKIPME YES NAME nobody"))).toBe("");
    expect(show(await wire.call("CLIENT KILL NAME other NOT-DB 0"))).toBe(":1");
    await other.bytes.closed;
  },
  { since: "9.9" },
);

clients.rows("CLIENT LIST refuses filters it does not know", [
  ["CLIENT LIST TYPE foo", err("ERR Unknown client type 'foo'")],
  ["CLIENT LIST TYPE", syntax],
  ["CLIENT LIST FOO", syntax],
  ["CLIENT LIST ID x", err("ERR Invalid client ID")],
]);

clients.both("CLIENT KILL by each filter closes those connections and counts them", async (wire) => {
  const victim = async () => {
    const other = await clients.server.connect();
    const line = fields(textOf(await other.call("CLIENT INFO")));
    return { other, id: line.get("id"), address: line.get("addr"), local: line.get("laddr") };
  };
  const first = await victim();
  expect(show(await wire.call(`CLIENT KILL ${first.address}`))).toBe("+OK");
  await within(5000, "the kill by old syntax", first.other.bytes.closed);
  const second = await victim();
  expect(show(await wire.call(`CLIENT KILL ID ${second.id}`))).toBe(":1");
  await within(5000, "the kill by id", second.other.bytes.closed);
  const third = await victim();
  expect(show(await wire.call(`CLIENT KILL ADDR ${third.address} TYPE normal`))).toBe(":1");
  await within(5000, "the kill by address", third.other.bytes.closed);
  const fourth = await victim();
  expect(numberOf(await wire.call(`CLIENT KILL LADDR ${fourth.local} SKIPME yes`))).toBeGreaterThanOrEqual(1);
  await within(5000, "the kill by local address", fourth.other.bytes.closed);
  const fifth = await victim();
  expect(numberOf(await wire.call("CLIENT KILL USER default"))).toBeGreaterThanOrEqual(1);
  await within(5000, "the kill by user", fifth.other.bytes.closed);
  expect(show(await wire.call(`CLIENT KILL ID ${fifth.id}`))).toBe(":0");
});

clients.both("a connection that kills itself still gets the reply", async (wire) => {
  const id = numberOf(await wire.call("CLIENT ID"));
  expect(show(await wire.call(`CLIENT KILL ID ${id} SKIPME no`))).toBe(":1");
  await within(5000, "the connection's end", wire.bytes.closed);
});

clients.rows(
  "CLIENT KILL MAXAGE spares young connections",
  [
    ["CLIENT KILL MAXAGE 100000", 0],
    ["CLIENT KILL MAXAGE 0", err("ERR maxage should be greater than 0")],
    ["CLIENT KILL MAXAGE x", err("ERR value is not an integer or out of range")],
  ],
  { since: "7.4" },
);

clients.rows("CLIENT KILL refuses filters it does not know", [
  ["CLIENT KILL 1.2.3.4:5", err("ERR No such client")],
  ["CLIENT KILL FOO bar", syntax],
  ["CLIENT KILL ID x", err("ERR client-id should be greater than 0")],
  ["CLIENT KILL ID 0", err("ERR client-id should be greater than 0")],
  ["CLIENT KILL ADDR", err("ERR No such client")],
  ["CLIENT KILL ID 999999 FOO", syntax],
  ["CLIENT KILL SKIPME maybe", syntax],
  ["CLIENT KILL TYPE foo", err("ERR Unknown client type 'foo'")],
  ["CLIENT KILL USER nosuch", err("ERR No such user 'nosuch'")],
  ["CLIENT KILL ADDR 1.2.3.4:5", 0],
]);

test("CLIENT REPLY OFF, SKIP and ON silence replies", async () => {
  const wire = await clients.server.connect();
  wire.bytes.write("CLIENT REPLY OFF\r\nSET silent 1\r\nPING\r\nCLIENT REPLY ON\r\n");
  expect(show(await wire.reply())).toBe("+OK");
  wire.bytes.write("CLIENT REPLY SKIP\r\nSET silent 2\r\nGET silent\r\n");
  expect(show(await wire.reply())).toBe('"2"');
  // Whoever serves the request that is skipped: the main thread, all cores, a walk.
  for (const request of ["CONFIG GET maxmemory", "CLIENT LIST", "KEYS *"]) {
    wire.bytes.write(`PING\r\nCLIENT REPLY SKIP\r\n${request}\r\nECHO behind\r\n`);
    expect([show(await wire.reply()), show(await wire.reply())]).toEqual(["+PONG", '"behind"']);
  }
  await check(wire, [
    ["CLIENT REPLY FOO", syntax],
    ["CLIENT REPLY ON", ok],
    ["PING", simple("PONG")],
  ]);
  await wire.close();
});

clients.both("CLIENT PAUSE holds writes back and UNPAUSE lets them go", async (wire) => {
  const writer = await clients.server.connect();
  expect(show(await wire.call("CLIENT PAUSE 20000 WRITE"))).toBe("+OK");
  expect(show(await writer.call("GET k"))).toBe("nil($-1)");
  let written = false;
  const write = writer.call("SET k v").then((reply) => {
    written = true;
    return show(reply);
  });
  await until("the writer to be held", async () => /blocked_clients:1\r/.test(textOf(await wire.call("INFO clients"))));
  expect(written).toBe(false);
  expect(show(await wire.call("CLIENT UNPAUSE"))).toBe("+OK");
  expect(await within(5000, "the held write", write)).toBe("+OK");
  await writer.close();
});

clients.both(
  "a pause holds messages and PFCOUNT back, lets FCALL_RO pass, and keeps expired keys",
  async (wire, protocol) => {
    const [first, second] = [await clients.server.connect(protocol), await clients.server.connect(protocol)];
    const blocked = async (): Promise<string> =>
      /blocked_clients:(\d+)/.exec(textOf(await wire.call("INFO clients")))?.[1] ?? "";
    const expired = async (): Promise<number> =>
      Number(/expired_keys:(\d+)/.exec(textOf(await wire.call("INFO stats")))?.[1]);
    await wire.pipeline(["PFADD h a", "SET gone 1 PX 30", "SET gone2 1 PX 30", "CLIENT PAUSE 20000 WRITE"]);
    const before = await expired();
    const waiting = [first.call("PFCOUNT h"), second.call("PUBLISH c m")];
    await until("both to wait", async () => (await blocked()) === "2");
    expect(show(await wire.call("FCALL_RO nosuch 0"))).toMatch(/^-ERR Function not found/);
    await until(
      "the keys to be over",
      async () => show(await wire.call("MGET gone gone2")) === show(await wire.call("MGET no no")),
    );
    await Bun.sleep(300);
    expect(show(await wire.call("EXISTS gone gone2"))).toBe(":0");
    expect(await expired()).toBe(before);
    expect(show(await wire.call("CLIENT UNPAUSE"))).toBe("+OK");
    expect((await Promise.all(waiting)).map(show)).toEqual([":1", ":0"]);
    await until("them to go", async () => (await expired()) === before + 2);
    expect(show(await wire.call("DBSIZE"))).toBe(":1");
    await Promise.all([first.close(), second.close()]);
  },
);

clients.both(
  "a pause of writes lets scripts and functions pass that say they do not write, also in a transaction",
  async (wire, protocol) => {
    const other = await clients.server.connect(protocol);
    const library = (flags: string) =>
      `#!lua name=paused\nredis.register_function{function_name='reads', callback=function() return 'read' end${flags}}`;
    await wire.call(["FUNCTION", "LOAD", "REPLACE", library(", flags={'no-writes'}")]);
    const reads = "#!lua flags=no-writes\nreturn 'read'";
    const digest = textOf(await wire.call(["SCRIPT", "LOAD", reads]));
    expect(show(await wire.call("CLIENT PAUSE 60000 WRITE"))).toBe("+OK");
    expect(textOf(await wire.call("INFO clients"))).toMatch(/paused_reason:client_pause\r\npaused_actions:write\r\n/);
    expect(textOf(await within(10_000, "EVAL", other.call(["EVAL", reads, "0"])))).toBe("read");
    expect(textOf(await within(10_000, "EVALSHA", other.call(["EVALSHA", digest, "0"])))).toBe("read");
    expect(textOf(await within(10_000, "FCALL", other.call("FCALL reads 0")))).toBe("read");
    const transaction = other.pipeline(["MULTI", "FCALL reads 0", ["EVAL", reads, "0"], "EXEC"]);
    expect((await within(10_000, "EXEC", transaction)).length).toBe(4);
    const waiting = other.call(["EVAL", "return 'may write'", "0"]);
    await until("the script to wait", async () => /blocked_clients:1\r/.test(textOf(await wire.call("INFO clients"))));
    expect(show(await wire.call("CLIENT UNPAUSE"))).toBe("+OK");
    expect(textOf(await waiting)).toBe("may write");
    expect(textOf(await wire.call("INFO clients"))).toMatch(/paused_reason:none\r\npaused_actions:none\r\n/);
    await wire.call("FUNCTION DELETE paused");
    await other.close();
  },
  { since: "9.0.0" },
);

clients.both(
  "RANDOMKEY gives an expired key where a pause keeps it and there is no other",
  async (wire) => {
    await wire.pipeline(["SET k v PX 1", "CLIENT PAUSE 60000 WRITE"]);
    await until("the key to be over", async () => show(await wire.call("EXISTS k")) === ":0");
    expect(textOf(await wire.call("RANDOMKEY"))).toBe("k");
    await wire.call("CLIENT UNPAUSE");
    expect(await wire.call("RANDOMKEY")).toEqual(await wire.call("GET k"));
  },
  { since: "8.0.0" },
);

clients.both("CLIENT PAUSE ends on its own", async (wire) => {
  const writer = await clients.server.connect();
  expect(show(await wire.call("CLIENT PAUSE 60 ALL"))).toBe("+OK");
  const start = performance.now();
  expect(show(await within(5000, "the end of the pause", writer.call("PING")))).toBe("+PONG");
  expect(performance.now() - start).toBeGreaterThan(40);
  await writer.close();
});

clients.rows("CLIENT PAUSE, UNBLOCK, NO-EVICT and NO-TOUCH check their arguments", [
  ["CLIENT PAUSE x", err("ERR timeout is not an integer or out of range")],
  ["CLIENT PAUSE -1", err("ERR timeout is negative")],
  ["CLIENT PAUSE 1 FOO", err("ERR CLIENT PAUSE mode must be WRITE or ALL")],
  ["CLIENT UNPAUSE", ok],
  ["CLIENT UNBLOCK 999999", 0],
  ["CLIENT UNBLOCK x", err("ERR value is not an integer or out of range")],
  ["CLIENT UNBLOCK 1 FOO", err("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")],
  ["CLIENT NO-EVICT on", ok],
  ["CLIENT INFO", like(/ flags=e /)],
  ["CLIENT NO-EVICT off", ok],
  ["CLIENT NO-EVICT maybe", syntax],
]);

clients.rows(
  "CLIENT NO-TOUCH is a flag of the connection",
  [
    ["CLIENT NO-TOUCH on", ok],
    ["CLIENT INFO", like(/ flags=T /)],
    ["CLIENT NO-TOUCH off", ok],
    ["CLIENT NO-TOUCH maybe", syntax],
  ],
  { since: "7.2" },
);

clients.rows("a connection without tracking says so", [
  ["CLIENT TRACKINGINFO", map("flags", set("off"), "redirect", -1, "prefixes", [])],
  ["CLIENT GETREDIR", -1],
  ["CLIENT TRACKING FOO", syntax],
  ["CLIENT TRACKING OFF", ok],
  [
    "CLIENT CACHING YES",
    err("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"),
  ],
]);

clients.rows("connected clients are counted", [
  ["INFO clients", like(/connected_clients:[1-9]/)],
  ["CLIENT LIST", anything],
]);
