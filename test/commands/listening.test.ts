/** CONFIG SET of `bind` and `port` in a server that runs: where it listens afterwards, and where not any more. */
import { expect, test } from "bun:test";
import { ok } from "../harness/expected.ts";
import { show, textOf } from "../harness/resp.ts";
import { freePort, type Server, startServer } from "../harness/server.ts";
import { check } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";
import { Wire } from "../harness/wire.ts";

/** What PING gets at an address, from twelve connections, so that each core has some; or that nobody is there. */
async function ping(port: number, hostname = "127.0.0.1"): Promise<string> {
  const answers = new Set<string>();
  for (let round = 0; round < 12; round++) {
    try {
      const wire = await Wire.connect({ hostname, port });
      answers.add(show(await wire.call("PING")));
      await wire.close();
    } catch {
      answers.add("nobody");
    }
  }
  return [...answers].join(" and ");
}

async function infoPort(wire: Wire): Promise<string | undefined> {
  return /tcp_port:(\d+)/.exec(textOf(await wire.call("INFO server")))?.[1];
}

/** On each backend, with several cores. */
function each(name: string, run: (server: Server, wire: Wire) => Promise<void>): void {
  for (const io of isOracle ? [""] : ["auto", "epoll"]) {
    test(`${name}${io === "" ? "" : ` (io ${io})`}`, async () => {
      const server = await startServer({ options: io === "" ? {} : { io, cores: "3" } });
      const wire = await server.connect();
      try {
        await run(server, wire);
      } finally {
        await wire.close();
        await server.stop();
      }
    });
  }
}

each("CONFIG SET port listens there and no longer where it did; connections stay", async (server, wire) => {
  const [first, second] = [freePort(), freePort()];
  await check(wire, [[`CONFIG SET timeout 0 port ${first}`, ok]]);
  expect([await ping(server.port), await ping(first)]).toEqual(["nobody", "+PONG"]);
  await check(wire, [
    [`CONFIG SET port ${second}`, ok],
    [`CONFIG SET port ${first}`, ok],
    [`CONFIG SET port ${second}`, ok],
  ]);
  expect([await ping(first), await ping(second)]).toEqual(["nobody", "+PONG"]);
  expect(await infoPort(wire)).toBe(String(second));
  await check(wire, [["CONFIG SET port 0", ok]]);
  expect(await ping(second)).toBe("nobody");
  await check(wire, [
    ["SET k v", ok],
    [`CONFIG SET port ${second}`, ok],
  ]);
  expect(await ping(second)).toBe("+PONG");
});

each("CONFIG SET bind changes the addresses, and the port stays", async (server, wire) => {
  await check(wire, [["CONFIG SET bind 127.0.0.2", ok]]);
  expect([await ping(server.port), await ping(server.port, "127.0.0.2")]).toEqual(["nobody", "+PONG"]);
  await check(wire, [["CONFIG SET bind '127.0.0.1 127.0.0.3 -192.0.2.7'", ok]]);
  const everywhere = ["127.0.0.1", "127.0.0.2", "127.0.0.3"].map((host) => ping(server.port, host));
  expect(await Promise.all(everywhere)).toEqual(["+PONG", "nobody", "+PONG"]);
  const other = freePort();
  await check(wire, [[`CONFIG SET bind 127.0.0.2 port ${other}`, ok]]);
  expect([await ping(server.port), await ping(other, "127.0.0.2")]).toEqual(["nobody", "+PONG"]);
});

each("a port or an address that cannot be had changes nothing", async (server, wire) => {
  const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  try {
    for (const [request, name, reason] of [
      [`CONFIG SET timeout 7 port ${taken.port}`, "port", "Unable to listen on this port. Check server logs."],
      ["CONFIG SET timeout 7 bind 192.0.2.7", "bind", "Failed to bind to specified addresses."],
      ["CONFIG SET timeout 7 bind '127.0.0.2 999.999.999.999'", "bind", "Failed to bind to specified addresses."],
    ] as const) {
      expect(show(await wire.call(request))).toStartWith(
        `-ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`,
      );
      expect([await ping(server.port), await ping(server.port, "127.0.0.2")]).toEqual(["+PONG", "nobody"]);
    }
    expect(show(await wire.call("CONFIG GET timeout"))).toBe('["timeout", "0"]');
    expect(show(await wire.call("CONFIG GET bind"))).toBe('["bind", "127.0.0.1"]');
    expect(await infoPort(wire)).toBe(String(server.port));
  } finally {
    taken.stop(true);
  }
});
