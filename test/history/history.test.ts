/**
 * Histories of a running server, judged; `bun run history` is the long one. HISTORY_SEED and HISTORY_MS change it.
 *
 * And histories of servers that are broken on purpose, by what lies between client and server: the checkers must find them.
 */
import { describe, expect, test } from "bun:test";
import { type Server, startServer } from "../harness/server.ts";
import type { Command, Wire } from "../harness/wire.ts";
import { checkHistory, showAnomalies } from "./check.ts";
import { type Action, runListAppend, TRANSPORT, type Transport } from "./list-append.ts";
import { checkRegisters, runRegisters } from "./registers.ts";
import { CLIENTS, runRound } from "./rounds.ts";

const seed = Number(process.env.HISTORY_SEED ?? 1);
const duration_ms = Number(process.env.HISTORY_MS ?? 2500);

describe("transactions are strictly serialisable, single keys linearisable, and blocking pops take each element once", () => {
  const shapes: Record<string, string>[] = [
    { cores: "2" },
    { cores: "1" },
    { cores: "2", shards: "2", io: "epoll", "list-max-listpack-size": "16" },
  ];
  test.each(shapes)(
    "%j",
    async (options) => {
      // Rounds that did next to nothing prove nothing: on a slow machine it takes more of them.
      const wanted: Record<string, number> = {
        transactions: duration_ms / 4,
        registers: duration_ms / 200,
        elements: duration_ms / 20,
      };
      for (const outcome of ["WATCH: ok", "WATCH: failed", "procedure: ok", "procedure that throws: failed"])
        wanted[outcome] = duration_ms / 200;
      const missing = () => Object.keys(wanted).filter((name) => (wanted[name] ?? 0) > 0);
      for (let round = 0; missing().length > 0 && round < 10; round++) {
        const judged = await runRound({ seed: seed + round, duration_ms, options });
        expect(judged.text).toBe("");
        const { transactions, registers, elements } = judged;
        const done: Record<string, number> = { ...judged.outcomes, transactions, registers, elements };
        for (const name of missing()) wanted[name] = (wanted[name] ?? 0) - (done[name] ?? 0);
      }
      expect(missing()).toEqual([]);
    },
    120_000,
  );
});

describe("a server that is broken on purpose is found out:", () => {
  const workload = (server: Server, round: number) => ({
    address: server.address,
    seed: seed + round,
    clients: CLIENTS,
    duration_ms: 500,
  });
  /** What was said of the history that `judged` tells of, of as many as it takes until all that is `wanted` was seen. */
  const found = async (wanted: readonly RegExp[], judged: (server: Server, round: number) => Promise<string>) => {
    let missing = wanted;
    for (let round = 0; missing.length > 0 && round < 20; round++) {
      const server = await startServer({ kind: "zedis" });
      try {
        const text = await judged(server, round);
        missing = missing.filter((pattern) => !pattern.test(text));
      } finally {
        await server.stop();
      }
    }
    expect(missing).toEqual([]);
  };
  const foundInLists = (wanted: readonly RegExp[], transport: Transport, actions: readonly Action[]) =>
    found(wanted, async (server, round) =>
      showAnomalies(checkHistory(await runListAppend({ ...workload(server, round), transport, actions })), 30),
    );

  test("a MULTI whose commands are sent one by one", async () => {
    const transaction: Transport["transaction"] = async (wire, commands) => {
      const replies = [];
      for (const command of commands) replies.push(await wire.call(command));
      return replies;
    };
    const wanted = [/^(G0|G1c|G-single|G2): a circle of/m, /G1b: /];
    await foundInLists(wanted, { ...TRANSPORT, transaction }, ["multi"]);
  }, 120_000);

  test("a WATCH that does not notice that the key was changed", async () => {
    const transaction: Transport["transaction"] = async (wire, commands) => {
      await wire.call("UNWATCH");
      return TRANSPORT.transaction(wire, commands);
    };
    await foundInLists([/^(internal|G-single|G2)/m], { ...TRANSPORT, transaction }, ["watch"]);
  }, 120_000);

  test("reads that are answered from a cache", async () => {
    const cache = new Map<string, Awaited<ReturnType<Transport["command"]>>>();
    const command = async (wire: Wire, request: Command) => {
      const key = String(request);
      const cached = cache.get(key);
      if (request[0] !== "LRANGE") return wire.call(request);
      const reply = cached ?? (await wire.call(request));
      if (cached === undefined) cache.set(key, reply);
      else if (cache.size % 3 === 0) cache.delete(key);
      return reply;
    };
    await foundInLists([/^G-single-(process|realtime): /m], { ...TRANSPORT, command }, ["command"]);
  }, 120_000);

  test("an append in some hundred that is acknowledged and forgotten", async () => {
    let count = 0;
    const command = (wire: Wire, request: Command) => {
      if (request[0] !== "RPUSH" || ++count % 100 !== 0) return wire.call(request);
      return wire.call(["LLEN", request[1] as string]);
    };
    await foundInLists([/^lost: /m], { ...TRANSPORT, command }, ["command"]);
  }, 120_000);

  test("an increment of a register that reads and writes apart", async () => {
    const command = async (wire: Wire, request: Command) => {
      if (request[0] !== "INCR") return wire.call(request);
      const key = request[1] as string;
      const held = await wire.call(["GET", key]);
      const sum = (held.kind === "bulk" ? Number(held.bytes.toString()) : 0) + 1;
      await wire.call(["SET", key, String(sum)]);
      return { kind: "integer", value: sum } as const;
    };
    await found([/no order explains all replies/], async (server, round) => {
      const histories = await runRegisters({ ...workload(server, round), transport: { ...TRANSPORT, command } });
      return checkRegisters(histories).join("\n");
    });
  }, 120_000);
});
