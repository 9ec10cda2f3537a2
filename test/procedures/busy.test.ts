/** Functions in JavaScript that go on for long: who needs what they hold is told BUSY, whoever does not is served. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { err } from "../harness/expected.ts";
import { show, textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { check } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";
import { until } from "../harness/wait.ts";

const busy = "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";

for (const engine of ["jsc", "quickjs"]) {
  describe.skipIf(isOracle)(`in the background, in ${engine}`, () => {
    let server: Server;
    beforeAll(async () => {
      const options = { cores: "1", "busy-reply-threshold": "50", "procedure-time-limit": "60000" };
      server = await startServer({ kind: "zedis", options });
    }, 60_000);
    afterAll(() => server.stop());

    test("who waits for a key that is held is told, until the function has been killed", async () => {
      const [caller, other] = [await server.connect(), await server.connect()];
      const source = `#!ts name=held engine=${engine}
        /** @background */
        export function hold(key: string): void {
          Zedis.set(key, "spoiled");
          for (;;) Zedis.get(key);
        }`;
      expect(show(await other.call(["FUNCTION", "LOAD", source]))).not.toStartWith("-");
      await other.call("SET k before");
      caller.send("FCALL hold 1 k");
      await until("the function holds the key", async () => show(await other.call("FUNCTION STATS")).includes("hold"));
      // It has waited for the shard since before the function was slow, or not: it is told either way.
      await until("the refusal", async () => show(await other.call("GET k")) === `-${busy}`, { limit_ms: 20_000 });
      await check(other, [
        ["GET k", err(busy)],
        ["ECHO here", "here"],
      ]);
      // One key in a thousand lies in the same shard.
      let elsewhere = 0;
      await until("others are served", async () => show(await other.call(`SET elsewhere${elsewhere++} 1`)) === "+OK");
      await until("the kill", async () => show(await other.call("FUNCTION KILL")) === "+OK");
      expect(textOf(await caller.reply())).toContain("killed");
      expect(show(await other.call("GET k"))).toBe('"before"');
      await caller.close();
      await other.close();
    }, 60_000);
  });
}
