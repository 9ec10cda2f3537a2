/** Procedures on a whole server: several cores, several clients, what a call leaves behind for others. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { between, err, errorLike, nilArray, ok, queued } from "../harness/expected.ts";
import { itemsOf, numberOf, type Reply, show, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";

setDefaultTimeout(60_000);

const INVENTORY = `// zedis_script.ts
// No import, no compile step
function updateInventory(productId: string, amount: number) {
    const stock = Zedis.get_int(productId);
    if (stock >= amount) {
        Zedis.set(productId, stock - amount);
        return { success: true };
    }
    return { error: "Out of stock" };
}
`;

const BANK = `#!ts name=bank
/** Both accounts are undeclared keys. */
export function transfer(from: string, to: string, amount: number) {
  const have = Zedis.get_int("account:" + from);
  if (from === to || have < amount) return false;
  Zedis.set("account:" + from, have - amount);
  Zedis.incrby("account:" + to, amount);
  return true;
}
export function total(count: number) {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Zedis.get_int("account:" + i);
  return sum;
}
`;

const procedures = suite({ kind: "zedis", options: { "procedure-time-limit": "300" } });
const ANSWER = "#!ts name=answer\nexport function answer() { return 42; }\n";
const load = (source: string): readonly string[] => ["FUNCTION", "LOAD", "REPLACE", source];

procedures.rows(
  "a library loaded in a transaction serves the calls behind it, and is loaded once however often it is tried",
  [
    ["FUNCTION FLUSH", ok],
    ["MULTI", ok],
    [["FUNCTION", "LOAD", ANSWER], queued],
    ["FCALL answer 0", queued],
    [["FUNCTION", "LOAD", ANSWER], queued],
    ["EXEC", ["answer", 42, err("ERR Library 'answer' already exists")]],
    ["FCALL answer 0", 42],
    ["FUNCTION DELETE answer", ok],
  ],
);

test("transactions that load libraries on all cores at once all end", async () => {
  const clients = await Promise.all(Array.from({ length: 6 }, () => procedures.server.connect()));
  const rounds = clients.map(async (wire, index) => {
    const code = `#!ts name=lib${index}\nexport function f${index}() { Zedis.incr("loads"); return ${index}; }\n`;
    for (let round = 0; round < 3; round++) {
      const replies = await wire.pipeline(["MULTI", "INCR tries", load(code), `FCALL f${index} 0`, "EXEC"]);
      expect(itemsOf(replies.at(-1)).slice(1).map(show)).toEqual([`"lib${index}"`, `:${index}`]);
    }
  });
  await Promise.all(rounds);
  const [first] = clients as [Wire, ...Wire[]];
  expect(show(await first.call("MGET tries loads"))).toBe(show(await first.call("MGET loads tries")));
  await first.call("FUNCTION FLUSH");
  await Promise.all(clients.map((wire) => wire.close()));
});

procedures.rows(
  "the procedure of the first page works as it stands",
  [
    [load(`#!ts name=zedis_script\n${INVENTORY}`), "zedis_script"],
    ["SET product:1 12", ok],
    ["FCALL updateInventory 1 product:1 5", ["success", 1]],
    ["FCALL updateInventory 1 product:1 5", ["success", 1]],
    ["FCALL updateInventory 1 product:1 5", ["error", "Out of stock"]],
    ["GET product:1", "2"],
    [
      "FCALL updateInventory 1 product:1 five",
      errorLike(/^ERR updateInventory: parameter 'amount' must be number, got "five"/),
    ],
  ],
  { only: 2 },
);

procedures.rows("what a call wrote is undone when it throws, expiries too", [
  [
    load(
      "#!ts name=undo\nexport function f(a: string) { Zedis.set(a, 1); Zedis.set('other', 2); Zedis.del('gone'); Zedis.persist('ttl'); throw new Error('no'); }",
    ),
    "undo",
  ],
  ["SET ttl v PX 100000", ok],
  ["SET gone v", ok],
  ["FCALL f 1 a", err("ERR no (f at undo.ts:2:119)")],
  ["EXISTS a other", 0],
  ["GET gone", "v"],
  ["PTTL ttl", between(1000, 100_000)],
]);

procedures.rows("a call that is undone does not touch a watched key", [
  [
    load(
      "#!ts name=undo\nexport function f(a: string, fail: boolean) { Zedis.set(a, 'x'); if (fail) throw new Error('no'); }",
    ),
    "undo",
  ],
  ["SET w 1", ok],
  ["WATCH w", ok],
  ["FCALL f 1 w true", errorLike(/^ERR no/)],
  ["MULTI", ok],
  ["GET w", queued],
  ["EXEC", ["1"]],
  ["WATCH w", ok],
  ["FCALL f 1 w false", null],
  ["MULTI", ok],
  ["GET w", queued],
  ["EXEC", nilArray],
]);

procedures.rows("read-only calls and functions refuse to write", [
  [
    load(
      "#!ts name=ro\n/** @no-writes */\nexport function reader(k: string) { return Zedis.get(k); }\n/** @no-writes */\nexport function liar(k: string) { Zedis.set(k, 1); }\nexport function writer(k: string) { Zedis.set(k, 1); return 'wrote'; }",
    ),
    "ro",
  ],
  ["FCALL_RO reader 1 k", null],
  ["FCALL reader 1 k", null],
  ["FCALL liar 1 k", errorLike(/Write commands are not allowed from read-only scripts/)],
  ["FCALL_RO writer 1 k", errorLike(/^ERR Can not execute a script with write flag using \*_ro command/)],
  ["EXISTS k", 0],
  ["FCALL writer 1 k", "wrote"],
]);

procedures.rows("a call that runs over its time is stopped and undone", [
  [
    load(
      "#!ts name=slow\nexport function spin(k: string) { Zedis.set(k, 1); for (;;); }\nexport function quick() { return 'quick'; }",
    ),
    "slow",
  ],
  ["FCALL spin 1 slow:k", errorLike(/procedure-time-limit/)],
  ["EXISTS k", 0],
  ["FCALL quick 0", "quick"],
]);

procedures.both(
  "a library is live on every core when LOAD replies",
  async (wire) => {
    const others: Wire[] = [];
    for (let index = 0; index < 8; index++) others.push(await procedures.server.connect());
    for (let version = 0; version < 20; version++) {
      await expectText(
        wire,
        load(`#!ts name=versions\nexport function version() { return "v${version}"; }`),
        "versions",
      );
      const replies = await Promise.all(others.map((other) => other.call("FCALL version 0")));
      expect(replies.map(textOf)).toEqual(others.map(() => `v${version}`));
    }
    for (const other of others) await other.close();
  },
  { only: 2 },
);

procedures.both(
  "a call sees the old library or the new one, whole",
  async (wire) => {
    const source = (version: number) =>
      `#!ts name=whole\nconst half = ${version};\nfunction other() { return ${version}; }\nexport function both() { return [half, other(), Zedis.get_int("none"), half]; }`;
    await expectText(wire, load(source(0)), "whole");
    const other = await procedures.server.connect();
    let isOver = false;
    const seen = new Set<string>();
    const calls = (async () => {
      while (!isOver) {
        for (const reply of await other.pipeline(Array.from({ length: 50 }, () => "FCALL both 0")))
          seen.add(show(reply));
      }
    })();
    for (let version = 1; version <= 30; version++) {
      await expectText(wire, load(source(version)), "whole");
      if (version % 10 === 0) await until("calls of so many versions", () => seen.size >= version / 10);
    }
    isOver = true;
    await calls;
    for (const reply of seen) {
      const [first, second, , last] = [...reply.matchAll(/\d+/g)].map(([digits]) => digits);
      expect([second, last]).toEqual([first, first]);
    }
    expect(seen.size).toBeGreaterThan(1);
    await other.close();
  },
  { only: 2 },
);

procedures.both(
  "transfers between undeclared accounts by eight clients keep the total exact",
  async (wire) => {
    const accounts = 16;
    await expectText(wire, load(BANK), "bank");
    for (let index = 0; index < accounts; index++) await wire.call(`SET account:${index} 1000`);
    const clients = await Promise.all(Array.from({ length: 8 }, () => procedures.server.connect()));
    let transferred = 0;
    const end = performance.now() + 1500;
    await Promise.all(
      clients.map(async (client, seed) => {
        let state = seed + 1;
        const next = (below: number) => {
          state = (state * 1103515245 + 12345) % 2147483648;
          return Math.floor(state / 65536) % below;
        };
        while (performance.now() < end) {
          const batch = Array.from(
            { length: 16 },
            () => `FCALL transfer 0 ${next(accounts)} ${next(accounts)} ${next(50)}`,
          );
          for (const reply of await client.pipeline(batch)) {
            if (reply.kind !== "integer") throw new Error(show(reply));
            transferred += Number(reply.value);
          }
          expect(numberOf(await client.call(`FCALL total 0 ${accounts}`))).toBe(accounts * 1000);
        }
      }),
    );
    expect(transferred).toBeGreaterThan(100);
    expect(numberOf(await wire.call(`FCALL total 0 ${accounts}`))).toBe(accounts * 1000);
    await Promise.all(clients.map((client) => client.close()));
  },
  { only: 2 },
);

procedures.both(
  "other clients are served while a procedure runs on one core",
  async (wire) => {
    await expectText(
      wire,
      load(
        "#!ts name=slow\nexport function spin() { const end = Date.now() + 200; while (Date.now() < end); return 'done'; }",
      ),
      "slow",
    );
    const others = await Promise.all(Array.from({ length: 8 }, () => procedures.server.connect()));
    const spinning = wire.call("FCALL spin 0");
    const isQuick = await Promise.all(
      others.map(async (other) => {
        const before = performance.now();
        await other.call("SET quick 1");
        return performance.now() - before < 100;
      }),
    );
    expect(isQuick).toContain(true);
    expect(textOf(await spinning)).toBe("done");
    await Promise.all(others.map((other) => other.close()));
  },
  { only: 2 },
);

const patient = suite({ kind: "zedis", options: { "procedure-time-limit": "60000" } });

patient.both(
  "FUNCTION KILL stops a running procedure, undoes it, and the core goes on with its connections",
  async (wire) => {
    await expectText(
      wire,
      load(
        "#!ts name=slow\nexport function spin(k: string) { Zedis.set(k, 1); for (;;); }\nexport function alive(k: string) { return Zedis.exists(k); }",
      ),
      "slow",
    );
    const victims = await Promise.all(Array.from({ length: 4 }, () => patient.server.connect()));
    const [victim] = victims;
    if (victim === undefined) throw new Error("no client");
    const spinning = victim.call("FCALL spin 1 k");
    // The one who kills must sit on another core than the one who spins: of several connections one does.
    const killers = [wire, ...victims.slice(1)];
    const killed = await until("a connection that can kill", async () => {
      for (const killer of killers) {
        const reply = await Promise.race([killer.call("FUNCTION KILL"), Bun.sleep(300).then((): Reply | null => null)]);
        if (reply !== null && reply.kind === "simple") return true;
      }
      return false;
    });
    expect(killed).toBe(true);
    const reply = await spinning;
    expect(reply.kind).toBe("error");
    for (const client of victims) expect(numberOf(await client.call("FCALL alive 1 k"))).toBe(0);
    await Promise.all(victims.map((client) => client.close()));
  },
  { only: 2 },
);

async function expectText(wire: Wire, command: readonly string[], text: string): Promise<void> {
  const reply = await wire.call(command);
  expect(reply.kind === "error" ? reply.text : textOf(reply)).toBe(text);
}
