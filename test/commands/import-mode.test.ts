/** Where what has expired stays: `import-mode` (Valkey), and DEBUG SET-ALLOW-ACCESS-EXPIRED of test suites. */
import { expect } from "bun:test";
import { err, like, ok } from "../harness/expected.ts";
import { show, textOf } from "../harness/resp.ts";
import { check, suite } from "../harness/suite.ts";
import { until } from "../harness/wait.ts";

const importing = suite({ options: { "enable-debug-command": "yes" } });

importing.both(
  "in import mode nothing expires, and connections that import see it all",
  async (wire, protocol) => {
    const other = await importing.server.connect(protocol);
    await check(
      wire,
      [
        ["CLIENT IMPORT-SOURCE on", err("ERR Server is not in import mode")],
        ["CONFIG SET import-mode yes", ok],
        ["CLIENT IMPORT-SOURCE on", ok],
        ["CLIENT INFO", like(/ flags=I /)],
        ["CLIENT IMPORT-SOURCE maybe", err("ERR syntax error")],
        ["SET k 1 PX 1", ok],
        ["HSETEX h PX 1 FIELDS 1 f v", 1],
        ["SET past 1", ok],
        ["EXPIREAT past -100", 1],
      ],
      protocol,
    );
    await until("the key to be over", async () => show(await other.call("EXISTS k")) === ":0");
    await check(
      wire,
      [
        ["TTL k", 0],
        ["INCR k", 2],
        ["HGET h f", "v"],
        ["EXISTS past", 1],
        ["SCAN 0 MATCH k COUNT 10000", ["0", ["k"]]],
        ["MULTI", ok],
        ["GET k", like(/QUEUED/)],
        ["EXEC", ["2"]],
        ["EVAL \"return redis.call('GET', KEYS[1])\" 1 k", "2"],
        ["RESET", like(/RESET/)],
      ],
      2,
    );
    await check(
      wire,
      [
        ["CLIENT INFO", like(/ flags=N /)],
        ["GET k", null],
        ["DBSIZE", 3],
        ["CONFIG SET import-mode no", ok],
      ],
      2,
    );
    await until("all to expire", async () => show(await other.call("DBSIZE")) === ":0");
    await other.close();
  },
  { since: "9.0.0" },
);

importing.both(
  "in import mode commands of hashes take out no field that has expired, and none is refused for its time",
  async (wire, protocol) => {
    const source = await importing.server.connect(protocol);
    await wire.pipeline(["CONFIG SET import-mode yes", "HSET h stays v a v b v c v"]);
    await source.call("CLIENT IMPORT-SOURCE on");
    await check(
      wire,
      [
        ["HSETEX h EXAT 0 FIELDS 2 d 1 e 2", 1],
        ["HPEXPIREAT h 1 FIELDS 1 a", [1]],
        ["HGETEX h EXAT 1 FIELDS 1 b", ["v"]],
        ["HLEN h", 6],
        ["HGETDEL h FIELDS 1 a", [null]],
        ["HGETEX h PERSIST FIELDS 1 b", [null]],
        ["HSETEX h FXX FIELDS 1 d 1", 0],
        ["HMGET h a b d e stays", [null, null, null, null, "v"]],
        // What it replaces begins anew.
        ["HINCRBY h d 5", 5],
        ["HSETNX h e new", 1],
        ["HGET h d", "5"],
      ],
      protocol,
    );
    expect(show(await source.call("HMGET h a b c d e"))).toBe('["v", "v", "v", "5", "new"]');
    await wire.call("CONFIG SET import-mode no");
    await until("the others to expire", async () => show(await wire.call("HLEN h")) === ":4");
    await source.close();
  },
  { since: "9.0.0" },
);

importing.both(
  "DEBUG SET-ALLOW-ACCESS-EXPIRED shows what has expired to everybody",
  async (wire) => {
    await wire.pipeline(["DEBUG SET-ACTIVE-EXPIRE 0", "DEBUG SET-ALLOW-ACCESS-EXPIRED 1"]);
    await wire.pipeline(["SET late v PX 1", "HSETEX h PX 1 FIELDS 1 f v"]);
    await Bun.sleep(5);
    expect(textOf(await wire.call("GET late"))).toBe("v");
    expect(show(await wire.call("HLEN h"))).toBe(":1");
    expect(textOf(await wire.call("HGET h f"))).toBe("v");
    await wire.pipeline(["DEBUG SET-ALLOW-ACCESS-EXPIRED 0", "DEBUG SET-ACTIVE-EXPIRE 1"]);
    expect(show(await wire.call("EXISTS late h"))).toBe(":1");
    expect(await wire.call("HGET h f")).toEqual(await wire.call("GET late"));
  },
  { since: "8.0.0" },
);
