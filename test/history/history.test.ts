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
      const { text, transactions, outcomes, registers, elements } = await runRound({ seed, duration_ms, options });
      expect(text).toBe("");
      // A run that did next to nothing proves nothing.
      expect(transactions).toBeGreaterThan(duration_ms / 4);
      expect(registers).toBeGreaterThan(duration_ms / 200);
      expect(elements).toBeGreaterThan(duration_ms / 20);
      for (const outcome of ["WATCH: ok", "WATCH: failed", "procedure: ok", "procedure that throws: failed"])
        expect(outcomes[outcome] ?? 0).toBeGreaterThan(duration_ms / 200);
    },
    120_000,
  );
});

describe("a server that is broken on purpose is found out:", () => {
  const judged = async (transport: Transport, actions: readonly Action[]): Promise<string> => {
    const server = await startServer({ kind: "zedis" });
    try {
      return showAnomalies(checkHistory(await runListAppend({ ...workload(server), transport, actions })), 30);
    } finally {
      await server.stop();
    }
  };
  const workload = (server: Server) => ({ address: server.address, seed, clients: CLIENTS, duration_ms: 500 });

  test("a MULTI whose commands are sent one by one", async () => {
    const transaction: Transport["transaction"] = async (wire, commands) => {
      const replies = [];
      for (const command of commands) replies.push(await wire.call(command));
      return replies;
    };
    const text = await judged({ ...TRANSPORT, transaction }, ["multi"]);
    expect(text).toMatch(/^(G0|G1c|G-single|G2): a circle of/m);
    expect(text).toContain("G1b: ");
  });

  test("a WATCH that does not notice that the key was changed", async () => {
    const transaction: Transport["transaction"] = async (wire, commands) => {
      await wire.call("UNWATCH");
      return TRANSPORT.transaction(wire, commands);
    };
    const text = await judged({ ...TRANSPORT, transaction }, ["watch"]);
    expect(text).toMatch(/^(internal|G-single|G2)/m);
  });

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
    expect(await judged({ ...TRANSPORT, command }, ["command"])).toMatch(/^G-single-(process|realtime): /m);
  });

  test("an append in some hundred that is acknowledged and forgotten", async () => {
    let count = 0;
    const command = (wire: Wire, request: Command) => {
      if (request[0] !== "RPUSH" || ++count % 100 !== 0) return wire.call(request);
      return wire.call(["LLEN", request[1] as string]);
    };
    expect(await judged({ ...TRANSPORT, command }, ["command"])).toMatch(/^lost: /m);
  });

  test("an increment of a register that reads and writes apart", async () => {
    const server = await startServer({ kind: "zedis" });
    try {
      const command = async (wire: Wire, request: Command) => {
        if (request[0] !== "INCR") return wire.call(request);
        const key = request[1] as string;
        const held = await wire.call(["GET", key]);
        const sum = (held.kind === "bulk" ? Number(held.bytes.toString()) : 0) + 1;
        await wire.call(["SET", key, String(sum)]);
        return { kind: "integer", value: sum } as const;
      };
      const histories = await runRegisters({ ...workload(server), transport: { ...TRANSPORT, command } });
      expect(checkRegisters(histories).join("\n")).toContain("no order explains all replies");
    } finally {
      await server.stop();
    }
  });
});
