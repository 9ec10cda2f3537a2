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
