/** Client-side caching: who is told when keys change that they have read, or whose names begin in a certain way. */
import { expect, test } from "bun:test";
import { createConnection } from "node:net";
import { byProtocol, err, map, ok, set, simple } from "../harness/expected.ts";
import { textOf } from "../harness/resp.ts";
import { check, suite } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";
import { quiet, tells, told } from "../harness/told.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";

const tracking = suite(isOracle ? {} : { options: { cores: "2" } });

const idOf = async (wire: Wire): Promise<string> => {
  const reply = await wire.call("CLIENT ID");
  return reply.kind === "integer" ? String(reply.value) : "";
};

const inResp3 = { only: 3 } as const;

tracking.both(
  "a key that was read is told once when it changes, whoever changes it",
  async (wire) => {
    const other = await tracking.server.connect(3);
    await check(wire, [
      ["SET a 1", ok],
      ["CLIENT TRACKING ON", ok],
      ["GET a", "1"],
      ["MGET a b", ["1", null]],
    ]);
    await check(other, [
      ["SET a 2", ok],
      ["SET a 3", ok],
      ["SET unread 1", ok],
      ["SET b 1", ok],
    ]);
    expect([await told(wire), await told(wire)]).toEqual(["invalidate [a]", "invalidate [b]"]);
    await check(wire, [
      ["GET a", "3"],
      ["INCR a", 4],
    ]);
    expect(await told(wire)).toBe("invalidate [a]");
    await check(wire, [
      ["CLIENT TRACKING OFF", ok],
      ["GET a", "4"],
    ]);
    await check(other, [["DEL a", 1]]);
    expect(await quiet(wire)).toEqual([]);
    await other.close();
  },
  inResp3,
);

tracking.both(
  "NOLOOP leaves out what the client changes itself",
  async (wire) => {
    const other = await tracking.server.connect(3);
    await check(wire, [
      ["CLIENT TRACKING ON NOLOOP", ok],
      ["GET a", null],
      ["SET a 1", ok],
    ]);
    expect(await quiet(wire)).toEqual([]);
    await check(wire, [["GET a", "1"]]);
    await check(other, [["SET a 2", ok]]);
    expect(await told(wire)).toBe("invalidate [a]");
    await other.close();
  },
  inResp3,
);

tracking.both(
  "OPTIN remembers what CLIENT CACHING announces, OPTOUT all but that",
  async (wire) => {
    const other = await tracking.server.connect(3);
    await check(wire, [
      ["CLIENT TRACKING ON OPTIN", ok],
      ["GET a", null],
      ["CLIENT CACHING YES", ok],
      ["GET b", null],
      ["GET c", null],
      ["CLIENT CACHING NO", err("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")],
    ]);
    await check(other, [["MSET a 1 b 1 c 1", ok]]);
    expect(await told(wire)).toBe("invalidate [b]");
    await check(wire, [
      ["CLIENT TRACKING OFF", ok],
      ["CLIENT TRACKING ON OPTOUT", ok],
      ["CLIENT CACHING NO", ok],
      ["GET a", "1"],
      ["GET b", "1"],
    ]);
    await check(other, [["MSET a 2 b 2", ok]]);
    expect(await told(wire)).toBe("invalidate [b]");
    expect(await quiet(wire)).toEqual([]);
    await other.close();
  },
  inResp3,
);

tracking.both(
  "CLIENT CACHING YES before MULTI is for the whole transaction and no longer",
  async (wire) => {
    const other = await tracking.server.connect(3);
    const queued = simple("QUEUED");
    await check(wire, [
      ["CLIENT TRACKING ON OPTIN", ok],
      ["CLIENT CACHING YES", ok],
      ["MULTI", ok],
      ["GET a", queued],
      ["GET b", queued],
      ["EXEC", [null, null]],
      ["GET c", null],
    ]);
    await check(other, [
      ["SET c 1", ok],
      ["SET a 1", ok],
      ["SET b 1", ok],
    ]);
    expect([await told(wire), await told(wire)]).toEqual(["invalidate [a]", "invalidate [b]"]);
    expect(await quiet(wire)).toEqual([]);
    await other.close();
  },
  inResp3,
);

tracking.both(
  "BCAST tells of every key with the prefix, read or not, all of a turn in one message",
  async (wire) => {
    const other = await tracking.server.connect(3);
    await check(wire, [["CLIENT TRACKING ON BCAST PREFIX user: PREFIX stock:", ok]]);
    await other.pipeline(["SET user:2 b", "SET user:1 a", "SET none x", "SET user:2 c"]);
    expect(await told(wire)).toBe("invalidate [user:1 user:2]");
    await check(other, [["SET stock:1 7", ok]]);
    expect(await told(wire)).toBe("invalidate [stock:1]");
    await other.close();
  },
  inResp3,
);

tracking.both(
  "BCAST with NOLOOP leaves out the client's own keys",
  async (wire) => {
    const other = await tracking.server.connect(3);
    await check(wire, [
      ["CLIENT TRACKING ON BCAST NOLOOP", ok],
      ["SET own 1", ok],
    ]);
    await check(other, [["SET theirs 1", ok]]);
    expect(await told(wire)).toBe("invalidate [theirs]");
    await other.close();
  },
  inResp3,
);

tracking.both("a RESP2 client is told through another connection that subscribes", async (wire) => {
  const listener = await tracking.server.connect(2);
  const id = await idOf(listener);
  expect(await tells(listener, "SUBSCRIBE __redis__:invalidate")).toEqual(["subscribe __redis__:invalidate 1"]);
  await check(wire, [
    [`CLIENT TRACKING ON REDIRECT ${id}`, ok],
    ["CLIENT GETREDIR", Number(id)],
    ["GET a", null],
  ]);
  const other = await tracking.server.connect(2);
  await check(other, [["SET a 1", ok]]);
  expect(await told(listener)).toBe("message __redis__:invalidate [a]");
  await check(wire, [["GET a", "1"]]);
  await check(other, [["FLUSHALL", ok]]);
  expect(await told(listener)).toMatch(/^message __redis__:invalidate (_|\*-1|null|nil)/);
  await listener.close();
  await other.close();
});

tracking.both(
  "a redirection whose end is gone is told to the one who set it up",
  async (wire) => {
    const listener = await tracking.server.connect(3);
    const other = await tracking.server.connect(3);
    const id = await idOf(listener);
    await check(wire, [
      [`CLIENT TRACKING ON REDIRECT ${id}`, ok],
      ["GET a", null],
    ]);
    await listener.close();
    await check(other, [["PING", simple("PONG")]]);
    for (let turn = 0; turn < 100 && wire.pushes.length === 0; turn++) {
      await check(wire, [["EXISTS a", turn === 0 ? 0 : 1]]);
      await check(other, [["SET a 1", ok]]);
    }
    expect(await told(wire)).toBe(`tracking-redir-broken ${id}`);
    await check(wire, [
      ["CLIENT TRACKINGINFO", map("flags", set("on", "broken_redirect"), "redirect", Number(id), "prefixes", [])],
    ]);
    await other.close();
  },
  inResp3,
);

tracking.both(
  "FLUSHALL tells that everything is invalid, and an expired key is told too",
  async (wire) => {
    const other = await tracking.server.connect(3);
    await check(other, [["SET a 1 PX 30", ok]]);
    await check(wire, [
      ["CLIENT TRACKING ON", ok],
      ["GET a", "1"],
    ]);
    expect(await told(wire)).toBe("invalidate [a]");
    await check(other, [["FLUSHALL", ok]]);
    expect(await told(wire)).toMatch(/^invalidate (_|null)/);
    await other.close();
  },
  inResp3,
);

tracking.rows("options that do not fit together are refused", [
  ["CLIENT TRACKING ON PREFIX a", err("ERR PREFIX option requires BCAST mode to be enabled")],
  ["CLIENT TRACKING ON BCAST OPTIN", err("ERR OPTIN and OPTOUT are not compatible with BCAST")],
  ["CLIENT TRACKING ON OPTIN OPTOUT", err("ERR You can't specify both OPTIN mode and OPTOUT mode")],
  ["CLIENT TRACKING ON REDIRECT 99999999", err("ERR The client ID you want redirect to does not exist")],
  [
    "CLIENT TRACKING ON BCAST PREFIX ab PREFIX a",
    err("ERR Prefix 'ab' overlaps with another provided prefix 'a'. Prefixes for a single client must not overlap."),
  ],
  ["CLIENT TRACKING ON BCAST PREFIX foo", ok],
  [
    "CLIENT TRACKING ON BCAST PREFIX fo",
    err("ERR Prefix 'fo' overlaps with an existing prefix 'foo'. Prefixes for a single client must not overlap."),
  ],
  [
    "CLIENT TRACKING ON",
    err(
      "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
    ),
  ],
  ["CLIENT TRACKINGINFO", map("flags", set("on", "bcast"), "redirect", 0, "prefixes", ["foo"])],
  ["CLIENT TRACKING OFF", ok],
  ["CLIENT TRACKING ON OPTIN", ok],
  [
    "CLIENT TRACKING ON OPTOUT",
    err(
      "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
    ),
  ],
  ["CLIENT CACHING YES", ok],
  ["CLIENT TRACKINGINFO", map("flags", set("on", "optin", "caching-yes"), "redirect", 0, "prefixes", [])],
  ["CLIENT CACHING MAYBE", err("ERR syntax error")],
  ["RESET", simple("RESET")],
  ["CLIENT GETREDIR", byProtocol(-1, -1)],
]);

tracking.both(
  "keys beyond tracking-table-max-keys are forgotten, and their readers told",
  async (wire) => {
    await check(wire, [
      ["CONFIG SET tracking-table-max-keys 10", ok],
      ["CLIENT TRACKING ON", ok],
    ]);
    for (let at = 0; at < 50; at++) await check(wire, [[`GET key:${at}`, null]]);
    const got = new Set<string>();
    while (got.size < 40) got.add(await told(wire));
    expect([...got].every((text) => /^invalidate \[key:\d+\]$/.test(text))).toBe(true);
    await check(wire, [["CONFIG SET tracking-table-max-keys 1000000", ok]]);
  },
  inResp3,
);

test("a client that waited has its reply before it is told of its own change", async () => {
  const other = await tracking.server.connect(3);
  await other.pipeline(["DEL {t}1 {t}2", "RPUSH {t}2 a"]);
  let text = "";
  const socket = createConnection(tracking.server.port, "127.0.0.1");
  socket.on("data", (bytes) => {
    text += bytes.toString();
  });
  socket.write("HELLO 3\r\nCLIENT TRACKING ON\r\nLRANGE {t}2 0 -1\r\nBLMOVE {t}1 {t}2 LEFT LEFT 0\r\n");
  const clients = async (): Promise<string> => textOf(await other.call("CLIENT LIST"));
  await until("the client to wait", async () => /cmd=blmove/.test(await clients()));
  await other.call("RPUSH {t}1 moved");
  await until("it to be told", () => Promise.resolve(text.includes("invalidate")));
  expect(text.indexOf("moved")).toBeWithin(1, text.indexOf("invalidate"));
  socket.destroy();
  await other.close();
});
