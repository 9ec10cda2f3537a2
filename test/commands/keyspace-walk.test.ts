/**
 * Commands that walk the keyspace or free much of it must not hold other connections up: while they run, GETs of another
 * connection keep their pace. KEYSPACE_KEYS sets the size (the milestone's figure is 5,000,000).
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { encodeRequest, numberOf, textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { isOracle } from "../harness/target.ts";
import { until, within } from "../harness/wait.ts";
import { ByteSocket, type Wire } from "../harness/wire.ts";

// How fast is the business of the bench. Here: nobody waits as if the whole walk had to end first, on the busiest machine.
const heldUp_ms = 1000;

const keysCount = Number(process.env.KEYSPACE_KEYS ?? 400_000);

// redis-server runs one command at a time, so this is asked of Zedis alone.
describe.skipIf(isOracle)("walks over the whole keyspace", () => {
  let server: Server;
  let reader: Wire;

  beforeAll(async () => {
    server = await startServer({ options: { cores: "1" } });
    reader = await server.connect();
  }, 60_000);
  afterAll(async () => {
    await reader.close();
    await server.stop();
  });

  const fill = async () => {
    const perCommand = 1000;
    for (let first = 0; first < keysCount; first += perCommand * 20) {
      const commands: string[][] = [];
      for (let part = first; part < Math.min(first + perCommand * 20, keysCount); part += perCommand) {
        const names = Array.from(
          { length: Math.min(perCommand, keysCount - part) },
          (_, index) => `key:${part + index}`,
        );
        commands.push(["MSET", ...names.flatMap((name) => [name, "0123456789abcdef"])]);
      }
      await reader.pipeline(commands);
    }
    expect(numberOf(await reader.call("DBSIZE"))).toBe(keysCount);
  };

  /** What a GET beside a walk takes, in milliseconds. */
  const get = async (): Promise<number> => {
    const start = performance.now();
    await within(10_000, "a GET beside the walk", reader.call("GET key:1"));
    return performance.now() - start;
  };

  /** Latencies of GETs, one after another, until `over` says that the walk is done; the 99th percentile in milliseconds. */
  const paceWhile = async (over: () => boolean): Promise<number> => {
    const taken_ms: number[] = [];
    do {
      taken_ms.push(await get());
    } while (!over() || taken_ms.length < 50);
    taken_ms.sort((left, right) => left - right);
    return taken_ms[Math.floor(taken_ms.length * 0.99)] ?? 0;
  };

  test("KEYS * answers with every key while GETs go on", async () => {
    await fill();
    const wanted = Array.from({ length: keysCount }, (_, index) => `key:${index}`.length).reduce(
      (sum, length) => sum + length + 4 + String(length).length + 1,
      `*${keysCount}\r\n`.length,
    );
    // On the one core, a walk in one piece would let no GET through that came after it. How many go beside one depends on the
    // machine, so several walks may be needed to see some.
    let answered = 0;
    for (let walks = 0; answered < 5 && walks < 20; walks++) {
      const walker = await ByteSocket.open({ hostname: "127.0.0.1", port: server.port });
      let count = 0;
      walker.onBytes = () => {
        count += walker.received.length;
        walker.discard(walker.received.length);
      };
      walker.write(encodeRequest(["KEYS", "*"]));
      for (answered = 0; count === 0; answered++) expect(await get()).toBeLessThan(10 * heldUp_ms);
      await until("the whole reply", () => count >= wanted);
      expect(count).toBe(wanted);
      walker.endWriting();
      await within(10_000, "the end of the walker's connection", walker.closed);
    }
    expect(answered).toBeGreaterThanOrEqual(5);
  }, 120_000);

  test("FLUSHALL empties everything at once while GETs go on", async () => {
    let done = false;
    const other = await server.connect();
    const flushed = other.call("FLUSHALL").then((reply) => {
      done = true;
      return textOf(reply);
    });
    const p99 = await paceWhile(() => done);
    expect(await flushed).toBe("OK");
    expect(numberOf(await reader.call("DBSIZE"))).toBe(0);
    expect(p99).toBeLessThan(heldUp_ms);
    await other.close();
  }, 60_000);

  test("UNLINK and DEL of a hash with 200,000 fields hold nobody up", async () => {
    for (const command of ["UNLINK huge", "DEL huge"]) {
      for (let part = 0; part < 200; part++) {
        await reader.call([
          "HSET",
          "huge",
          ...Array.from({ length: 1000 }, (_, index) => [`field:${part * 1000 + index}`, "value"]).flat(),
        ]);
      }
      let done = false;
      const other = await server.connect();
      const removed = other.call(command).then((reply) => {
        done = true;
        return numberOf(reply);
      });
      const p99 = await paceWhile(() => done);
      expect(await removed).toBe(1);
      expect(p99).toBeLessThan(heldUp_ms);
      await other.close();
    }
  }, 60_000);
});
