/** MONITOR: what is shown, in which order, and what is left out. */
import { expect } from "bun:test";
import { anything, ok, queued, simple } from "../harness/expected.ts";
import { textOf } from "../harness/resp.ts";
import { check, suite } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";
import { within } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";

const monitor = suite(isOracle ? {} : { options: { cores: "2" } });

/** The next line, without its time: `[0 lua] "get" "k"`. */
async function line(watcher: Wire): Promise<string> {
  const reply = await within(5000, "a line of MONITOR", watcher.reply());
  const text = reply.kind === "simple" ? reply.text : textOf(reply);
  expect(text).toMatch(/^\d+\.\d{6} \[/);
  return text.replace(/^\d+\.\d+ /, "").replace(/\[(\d+) 127\.0\.0\.1:\d+\]/, "[$1 client]");
}

async function watch(): Promise<Wire> {
  const watcher = await monitor.server.connect();
  await check(watcher, [["MONITOR", ok]]);
  return watcher;
}

monitor.both("commands are shown as they were sent, quoted", async (wire) => {
  const watcher = await watch();
  await check(wire, [
    ["set foo bar", ok],
    [["SET", "k\n", Buffer.from([0, 255, 34])], ok],
    ["SELECT 2", ok],
    ["GET none", null],
  ]);
  expect(await line(watcher)).toBe('[0 client] "set" "foo" "bar"');
  expect(await line(watcher)).toBe('[0 client] "SET" "k\\n" "\\x00\\xff\\""');
  expect(await line(watcher)).toMatch(/^\[[02] client\] "SELECT" "2"$/);
  expect(await line(watcher)).toBe('[2 client] "GET" "none"');
  await watcher.close();
});

monitor.both("a transaction's commands stand between MULTI and EXEC", async (wire) => {
  const watcher = await watch();
  await check(wire, [
    ["MULTI", ok],
    ["SET foo bar", queued],
    ["EXEC", [ok]],
  ]);
  expect(await line(watcher)).toBe('[0 client] "MULTI"');
  expect(await line(watcher)).toBe('[0 client] "SET" "foo" "bar"');
  expect(await line(watcher)).toBe('[0 client] "EXEC"');
  await watcher.close();
});

monitor.both("administration is not shown, and passwords are left out", async (wire) => {
  const watcher = await watch();
  await check(wire, [
    ["CONFIG GET maxmemory", anything],
    ["AUTH default secret", anything],
    ["NOSUCHCOMMAND", anything],
    ["PING", simple("PONG")],
  ]);
  expect(await line(watcher)).toBe('[0 client] "AUTH" "(redacted)" "(redacted)"');
  expect(await line(watcher)).toBe('[0 client] "PING"');
  await watcher.close();
});

monitor.both("RESET ends it", async (wire) => {
  const watcher = await watch();
  await check(wire, [["PING", simple("PONG")]]);
  expect(await line(watcher)).toBe('[0 client] "PING"');
  watcher.send("RESET");
  let last = await within(5000, "RESET", watcher.reply());
  while (last.kind === "simple" && last.text !== "RESET") last = await within(5000, "RESET", watcher.reply());
  await check(wire, [["PING", simple("PONG")]]);
  await check(watcher, [["ECHO still", "still"]], 2);
  await watcher.close();
});
