/** `maxmemory-clients`: connections that take too much memory together are closed, the largest first. */
import { describe, expect, test } from "bun:test";
import { show, textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { isOracle } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";

const MEGABYTE = 1 << 20;

const names = async (wire: Wire): Promise<string[]> =>
  [...textOf(await wire.call("CLIENT LIST")).matchAll(/ name=(\S+) /g)].map(([, name]) => name ?? "").sort();

/** A connection with a name, and so many bytes of a request that does not end. */
async function large(server: Server, name: string, bytes: number): Promise<Wire> {
  const wire = await server.connect();
  await wire.call(["CLIENT", "SETNAME", name]);
  wire.bytes.write(Buffer.from(`*2\r\n$${2 * bytes}\r\n${"v".repeat(bytes)}`));
  return wire;
}

const field = async (wire: Wire, section: string, name: string): Promise<number> =>
  Number(new RegExp(`${name}:(\\d+)`).exec(textOf(await wire.call(["INFO", section])))?.[1]);

describe.skipIf(isOracle)("Connections that take more memory than they may", () => {
  for (const cores of ["1", "2"]) {
    test(`are closed, the largest first, until the rest fits (${cores} cores)`, async () => {
      const server = await startServer({ options: { cores } });
      const control = await server.connect();
      await control.call("CLIENT SETNAME control");
      expect(show(await control.call("CLIENT NO-EVICT ON"))).toBe("+OK");
      const sizes = [1, 1, 4, 4, 16].map((size) => size * MEGABYTE);
      for (const [index, size] of sizes.entries()) await large(server, `c${size / MEGABYTE}-${index}`, size);
      const list = async () => textOf(await control.call("CLIENT LIST"));
      const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
      await until("all input", async () => {
        const all = [...(await list()).matchAll(/ qbuf=(\d+) /g)].map(([, bytes]) => Number(bytes));
        return all.reduce((sum, bytes) => sum + bytes, 0) >= total;
      });
      /** Room for those whose names begin so, and a little. */
      const room = async (...starts: string[]) => {
        const all = [...(await list()).matchAll(/ name=(\S*) .* tot-mem=(\d+) /g)];
        const kept = all.filter(([, name]) => starts.some((start) => name?.startsWith(start)));
        return kept.reduce((sum, [, , bytes]) => sum + Number(bytes), 500_000);
      };
      const limit = await room("c1-", "c4-", "control");
      await control.call(["CONFIG", "SET", "maxmemory-clients", String(limit)]);
      await until("the largest", async () => !(await names(control)).some((name) => name.startsWith("c16")));
      expect(await names(control)).toEqual(["c1-0", "c1-1", "c4-2", "c4-3", "control"]);
      expect(await field(control, "memory", "mem_clients_normal")).toBeGreaterThan(limit - 1_000_000);
      expect(await field(control, "memory", "mem_clients_normal")).toBeLessThanOrEqual(limit);
      await control.call(["CONFIG", "SET", "maxmemory-clients", String(await room("c1-", "control"))]);
      await until("the next", async () => (await names(control)).join() === "c1-0,c1-1,control");
      expect(await field(control, "stats", "evicted_clients")).toBe(3);
      await until("the log", () => /Evicting client: id=\d+ .*name=c16-4 /.test(server.log));
      await server.stop();
    }, 60_000);
  }

  test("are closed for a request on its way, a queue, keys that are watched, and output; not with NO-EVICT", async () => {
    const server = await startServer({ options: { cores: "1", "maxmemory-clients": "3000000" } });
    const control = await server.connect();
    await control.call("CLIENT NO-EVICT ON");
    const gone = async (name: string, use: (wire: Wire) => Promise<unknown>) => {
      const wire = await server.connect();
      await wire.call(["CLIENT", "SETNAME", name]);
      await Promise.race([use(wire), until(name, async () => !(await names(control)).includes(name))]).catch(() => {});
      await until(`the end of ${name}`, async () => !(await names(control)).includes(name));
    };
    const v = (bytes: number) => "v".repeat(bytes);
    const kept = await server.connect();
    await kept.call("CLIENT SETNAME kept");
    expect(show(await kept.call(["SET", "k", v(1_000_000)]))).toBe("+OK");
    await gone("request", (wire) => wire.call(["SET", "k", v(4_000_000)]));
    await gone("queue", async (wire) => {
      await wire.call("MULTI");
      for (let left = 5; left > 0; left--) await wire.call(["SET", "k", v(800_000)]);
    });
    await gone("watches", async (wire) => {
      for (let nth = 0; nth < 100; nth++) {
        await wire.call(["WATCH", ...Array.from({ length: 500 }, (_, index) => `w${nth}:${index}`)]);
      }
    });
    expect(await names(control)).toContain("kept");
    await control.call("CONFIG SET maxmemory 100mb");
    await control.call("CONFIG SET maxmemory-clients 1%");
    expect(show(await control.call("CONFIG GET maxmemory-clients"))).toContain('"1%"');
    await gone("percent", (wire) => wire.call(["SET", "k", v(2_000_000)]));
    expect(show(await control.call(["SET", "k", v(2_000_000)]))).toBe("+OK");
    await control.call("CONFIG SET maxmemory-clients 0");
    const free = await server.connect();
    expect(show(await free.call(["SET", "k", v(4_000_000)]))).toBe("+OK");
    await server.stop();
  }, 60_000);

  test("go before keys do where memory runs out as well", async () => {
    const server = await startServer({ options: { cores: "1", "maxmemory-policy": "allkeys-lru" } });
    const control = await server.connect();
    await control.call("CLIENT NO-EVICT ON");
    for (let key = 0; key < 20; key++) await control.call(["SETRANGE", String(key), "100000", "x"]);
    const used = await field(control, "memory", "used_memory");
    await control.call([
      "CONFIG",
      "SET",
      "maxmemory",
      String(used + 4 * MEGABYTE),
      "maxmemory-clients",
      String(3 * MEGABYTE),
    ]);
    // They do not read, so their replies stay here.
    const greedy = await Promise.all(Array.from({ length: 10 }, () => server.connect()));
    for (const wire of greedy) wire.bytes.pause();
    await until(
      "evicted clients",
      async () => {
        for (const wire of greedy) wire.bytes.write("*2\r\n$3\r\nGET\r\n$1\r\n1\r\n".repeat(3));
        return (await field(control, "stats", "evicted_clients")) > 3;
      },
      { limit_ms: 60_000 },
    );
    expect(await field(control, "stats", "evicted_keys")).toBe(0);
    expect(show(await control.call("DBSIZE"))).toBe(":20");
    await server.stop();
  }, 90_000);
});
