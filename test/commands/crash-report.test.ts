/** What the log says when the server crashes, in the words that Redis's own tests wait for. */
import { describe, expect, test } from "bun:test";
import { show } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { isOracle } from "../harness/target.ts";

describe.skipIf(isOracle)("a crash", () => {
  /** Ends a server by `end`; gives what it has said. */
  async function crashed(end: (server: Server) => Promise<void>): Promise<string> {
    const server = await startServer();
    await end(server);
    expect(await server.exited).not.toBe(0);
    await server.stop();
    return server.log;
  }

  const debug = (word: string) => async (server: Server) => {
    const wire = await server.connect();
    await wire.call(["DEBUG", word]).catch(() => undefined);
  };

  for (const [name, end, signal] of [
    ["of this library (DEBUG SEGFAULT)", debug("SEGFAULT"), 11],
    ["by an assertion (DEBUG ASSERT)", debug("ASSERT"), 6],
    ["by SIGABRT from outside", async (server: Server) => server.signal("SIGABRT"), 6],
    ["by SIGSEGV from outside", async (server: Server) => server.signal("SIGSEGV"), 11],
  ] as const) {
    test(`${name} is reported with its signal and a stack trace`, async () => {
      const log = await crashed(end);
      expect(log).toMatch(
        new RegExp(`:signal-handler \\(\\d+\\) # Zedis \\S+ crashed by signal: ${signal}, si_code: `),
      );
      expect(log).toContain("------ STACK TRACE ------");
      expect(log).toMatch(/libzedis\S*\.so\S*\(.*\[0x[0-9a-f]+\]/);
      expect(log).toContain("BUG REPORT END");
    }, 30_000);
  }

  test("is not reported here where crash-log-enabled is off", async () => {
    const log = await crashed(async (server) => {
      const wire = await server.connect();
      expect(show(await wire.call("CONFIG SET crash-log-enabled no"))).toBe("+OK");
      await debug("SEGFAULT")(server);
    });
    expect(log).not.toContain("crashed by signal: ");
  }, 30_000);

  test("ends a server on nobody's word where DEBUG is not allowed", async () => {
    const server = await startServer({ options: { "enable-debug-command": "no" } });
    const wire = await server.connect();
    expect(show(await wire.call("DEBUG SEGFAULT"))).toStartWith("-ERR DEBUG command not allowed");
    expect(show(await wire.call("PING"))).toBe("+PONG");
    await server.stop();
  }, 30_000);
});
