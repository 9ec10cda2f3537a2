/** Server commands that tools need: TIME, LOLWUT, ROLE, LASTSAVE, DEBUG, MEMORY, SHUTDOWN. INFO and CONFIG have their own files. */
import { describe, expect, test } from "bun:test";
import { between, err, like, ok, simple } from "../harness/expected.ts";
import { itemsOf, show, textOf } from "../harness/resp.ts";
import { startServer } from "../harness/server.ts";
import { check, suite } from "../harness/suite.ts";
import { within } from "../harness/wait.ts";

const server = suite();
const notInteger = err("ERR value is not an integer or out of range");
const syntax = err("ERR syntax error");

server.both("TIME tells seconds and microseconds", async (wire) => {
  const [seconds, micros] = itemsOf(await wire.call("TIME")).map((item) => Number(textOf(item)));
  expect(Math.abs((seconds ?? 0) - Date.now() / 1000)).toBeLessThan(5);
  expect(micros).toBeWithin(0, 1_000_000);
});

server.rows("LOLWUT ends with the version", [
  ["LOLWUT", like(/Redis ver\. \d+\.\d+\.\d+\n$/)],
  ["LOLWUT VERSION 5", like(/Redis ver\. \d+\.\d+\.\d+\n$/)],
  ["LOLWUT VERSION 6", like(/Redis ver\. \d+\.\d+\.\d+\n$/)],
  ["LOLWUT VERSION x", notInteger],
]);

server.rows("ROLE and LASTSAVE describe a master", [
  ["ROLE", ["master", 0, []]],
  ["LASTSAVE", between(1_700_000_000, 4_000_000_000)],
]);

server.both("DEBUG SLEEP takes fractions of a second and holds this connection", async (wire) => {
  const start = performance.now();
  expect(show(await wire.call("DEBUG SLEEP 0.05"))).toBe("+OK");
  expect(performance.now() - start).toBeGreaterThan(48);
});

server.rows("DEBUG refuses what it does not know", [
  ["DEBUG SLEEP 0", ok],
  ["DEBUG NOSUCH", err("ERR unknown subcommand or wrong number of arguments for 'NOSUCH'. Try DEBUG HELP.")],
  ["DEBUG OBJECT none", err("ERR no such key")],
  ["DEBUG", err("ERR wrong number of arguments for 'debug' command")],
]);

server.both("MEMORY STATS, DOCTOR and PURGE answer in their shapes", async (wire, protocol) => {
  await wire.call("SET k v");
  const stats = await wire.call("MEMORY STATS");
  expect(stats.kind).toBe(protocol === 3 ? "map" : "array");
  const text = show(stats);
  for (const name of [
    "peak.allocated",
    "total.allocated",
    "startup.allocated",
    "keys.count",
    "keys.bytes-per-key",
    "dataset.bytes",
    "db.0",
  ]) {
    expect(text).toContain(JSON.stringify(name));
  }
  expect((await wire.call("MEMORY DOCTOR")).kind).toBe(protocol === 3 ? "verbatim" : "bulk");
  expect(show(await wire.call("MEMORY PURGE"))).toBe("+OK");
});

server.rows("SHUTDOWN refuses what it does not know and goes on", [
  ["SHUTDOWN FOO", syntax],
  ["SHUTDOWN SAVE NOSAVE", syntax],
  ["SHUTDOWN ABORT", err("ERR No shutdown in progress.")],
  ["SHUTDOWN ABORT NOW", syntax],
  ["PING", simple("PONG")],
]);

describe("SHUTDOWN", () => {
  for (const command of ["SHUTDOWN", "SHUTDOWN NOSAVE", "shutdown nosave now force"]) {
    test(`${command} ends the process with exit code 0 and without a reply`, async () => {
      const own = await startServer();
      const wire = await own.connect();
      const other = await own.connect();
      await check(wire, [["SET k v", ok]]);
      const reply = wire.call(command).then(show, (error: Error) => error.message);
      expect(await within(10_000, "the exit", own.exited)).toBe(0);
      expect(await reply).toBe("the server closed the connection");
      await within(5000, "the other connection's end", other.bytes.closed);
      await own.stop();
    });
  }
});

test("DEBUG is refused unless enable-debug-command allows it", async () => {
  const own = await startServer({ options: { "enable-debug-command": "no" } });
  const wire = await own.connect();
  await check(wire, [
    ["DEBUG SLEEP 0", like(/^ERR DEBUG command not allowed\. If the enable-debug-command option is set to "local", /)],
    [
      "CONFIG SET enable-debug-command yes",
      err("ERR CONFIG SET failed (possibly related to argument 'enable-debug-command') - can't set immutable config"),
    ],
  ]);
  await wire.close();
  await own.stop();
});
