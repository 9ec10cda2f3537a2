/** Scripts that go on for long: who is served meanwhile, and how they end. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { err, errorLike, ok, simple } from "../harness/expected.ts";
import { textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { check } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";

const busyScript = err("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.");
const busyFunction = err("BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.");
const endless = "redis.call('SET', KEYS[1], 'spoiled') while true do pcall(function() local x = 1 end) end";

/** Sends PING until the server says BUSY. */
async function untilBusy(wire: Wire, command: string): Promise<void> {
  await until("the script is slow", async () => {
    const reply = await wire.call(command);
    return reply.kind === "error" && reply.text.startsWith("BUSY");
  });
}

describe.skipIf(isOracle)("on one core", () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer({ options: { cores: "1", "busy-reply-threshold": "20" } });
  }, 60_000);
  afterAll(() => server.stop());

  test("others are told BUSY, and SCRIPT KILL ends a script that has written, without a trace", async () => {
    const [script, other] = [await server.connect(), await server.connect()];
    await other.call("SET k before");
    script.send(["EVAL", endless, "1", "k"]);
    await untilBusy(other, "PING");
    await check(other, [
      ["GET k", busyScript],
      ["FUNCTION KILL", busyScript],
      ["FUNCTION STATS", busyScript],
      ["MULTI", ok],
      ["INCR n", busyScript],
      ["EXEC", errorLike(/^EXECABORT Transaction discarded because of: BUSY /)],
      ["SCRIPT KILL", ok],
    ]);
    expect(textOf(await script.reply())).toStartWith(
      "ERR Error running script: Script killed by user with SCRIPT KILL.",
    );
    await check(other, [
      ["GET k", "before"],
      ["SCRIPT KILL", err("NOTBUSY No scripts in execution right now.")],
    ]);
    await check(script, [[["EVAL", "return 7", "0"], 7]]);
    await script.close();
    await other.close();
  });

  test("FUNCTION KILL ends a function, and FUNCTION STATS shows it", async () => {
    const [caller, other] = [await server.connect(), await server.connect()];
    await other.call([
      "FUNCTION",
      "LOAD",
      `#!lua name=slow\nredis.register_function('slow', function(KEYS) ${endless} end)`,
    ]);
    caller.send("FCALL slow 1 k");
    await untilBusy(other, "PING");
    await check(other, [
      ["PING", busyFunction],
      ["SCRIPT KILL", busyFunction],
      ["FUNCTION KILL", ok],
    ]);
    expect(textOf(await caller.reply())).toStartWith(
      "ERR Error running script: Script killed by user with FUNCTION KILL.",
    );
    await check(other, [["GET k", "before"]]);
    await caller.close();
    await other.close();
  });

  test("a pipeline behind a busy script keeps its order, and new clients are served", async () => {
    const script = await server.connect();
    script.send(["EVAL", endless, "1", "k"]);
    script.send("PING");
    const other = await server.connect();
    await untilBusy(other, "PING");
    await check(other, [["SCRIPT KILL", ok]]);
    expect(textOf(await script.reply())).toStartWith("ERR Error running script");
    expect(textOf(await script.reply())).toBe("PONG");
    await script.close();
    await other.close();
  });

  test("script-time-limit-hard ends a script by itself", async () => {
    const wire = await server.connect();
    await check(wire, [
      ["CONFIG SET script-time-limit-hard 50", ok],
      [["EVAL", endless, "1", "k"], errorLike(/ran longer than script-time-limit-hard \(50 ms\) and was rolled back$/)],
      ["GET k", "before"],
      ["CONFIG SET script-time-limit-hard 0", ok],
    ]);
    await wire.close();
  });
});

describe.skipIf(isOracle)("on two cores", () => {
  test("the other core serves on, tells BUSY for shards that are held, and may end the script", async () => {
    const server = await startServer({ options: { cores: "2", "busy-reply-threshold": "20" } });
    try {
      const wires = await Promise.all(Array.from({ length: 8 }, () => server.connect()));
      const script = wires[0] as Wire;
      await script.call("SET k before");
      script.send(["EVAL", endless, "1", "k"]);
      // Connections of the script's own core are told BUSY whatever they ask; those of the other one only about its shards.
      const others: Wire[] = [];
      for (const wire of wires.slice(1)) {
        await untilBusy(wire, "GET k");
        const reply = await wire.call("PING");
        if (reply.kind === "simple") others.push(wire);
      }
      expect(others.length).toBeGreaterThan(0);
      const other = others[0] as Wire;
      await check(other, [
        ["GET k", busyScript],
        ["SET elsewhere 1", ok],
        ["PING", simple("PONG")],
        ["SCRIPT KILL", ok],
      ]);
      expect(textOf(await script.reply())).toStartWith("ERR Error running script: Script killed by user");
      await check(other, [["GET k", "before"]]);
      for (const wire of wires) await wire.close();
    } finally {
      await server.stop();
    }
  });
});
