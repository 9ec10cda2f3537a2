/**
 * Procedures while things go wrong around them: clients that are cut off, libraries that are replaced, calls that are killed,
 * a server that is told to end. Each test runs a load on two cores for about a second and then counts.
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Random } from "../harness/random.ts";
import { encodeRequest, numberOf, show, textOf } from "../harness/resp.ts";
import { startServer } from "../harness/server.ts";
import { suite } from "../harness/suite.ts";
import { until, within } from "../harness/wait.ts";
import { ByteSocket, type Wire } from "../harness/wire.ts";

setDefaultTimeout(60_000);

const seed = Number(process.env.FUZZ_SEED ?? 20_261_121);
const accounts = 50;

const BANK = `#!ts name=bank
export function transfer(from: string, to: string, amount: number) {
  const have = Zedis.get_int("account:" + from);
  if (from === to || have < amount) return 0;
  Zedis.set("account:" + from, have - amount);
  Zedis.incrby("account:" + to, amount);
  return 1;
}
export function total(count: number) {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Zedis.get_int("account:" + i);
  return sum;
}
export function spin(key: string) {
  Zedis.set("account:0", 1_000_000);
  Zedis.set(key, 1);
  for (;;);
}
`;

const bank = suite({ kind: "zedis", options: { "procedure-time-limit": "60000" } });

async function open(wire: Wire): Promise<void> {
  expect(textOf(await wire.call(["FUNCTION", "LOAD", "REPLACE", BANK]))).toBe("bank");
  await wire.pipeline(Array.from({ length: accounts }, (_, index) => `SET account:${index} 1000`));
}

const transfer = (random: Random): string =>
  `FCALL transfer 0 ${random.below(accounts)} ${random.below(accounts)} ${random.below(50)}`;

/** Transfers until told to stop; gives how many took place. Throws at any reply that is neither a number nor about KILL. */
async function transfers(client: Wire, random: Random, isOver: () => boolean): Promise<number> {
  let count = 0;
  while (!isOver()) {
    for (const reply of await client.pipeline(Array.from({ length: 16 }, () => transfer(random)))) {
      // On a busy machine KILL may find one of these to be the call that has run longest.
      if (reply.kind === "error" && /killed by user/.test(reply.text)) continue;
      if (reply.kind !== "integer") throw new Error(show(reply));
      count += Number(reply.value);
    }
  }
  return count;
}

bank.both(
  "clients that are cut off in the middle of a pipeline leave no transfer half done",
  async (wire) => {
    await open(wire);
    const clients = await Promise.all(Array.from({ length: 4 }, () => bank.server.connect()));
    let isOver = false;
    const load = clients.map((client, index) => transfers(client, new Random(seed + index), () => isOver));
    const random = new Random(seed - 1);
    for (let round = 0; round < 150; round++) {
      const doomed = await ByteSocket.open(bank.server.address);
      const requests = Array.from({ length: 64 }, () => encodeRequest(transfer(random).split(" ")));
      const pipeline = Buffer.concat(requests);
      doomed.write(pipeline.subarray(0, random.from(requests[0]?.length ?? 0, pipeline.length)));
      if (random.chance(0.7))
        await within(
          10_000,
          "a first reply",
          until("it", () => doomed.received.length > 0),
        );
      doomed.abort();
    }
    isOver = true;
    const done = (await Promise.all(load)).reduce((sum, count) => sum + count, 0);
    expect(done).toBeGreaterThan(0);
    expect(numberOf(await wire.call(`FCALL total 0 ${accounts}`))).toBe(accounts * 1000);
    await Promise.all(clients.map((client) => client.close()));
  },
  { only: 2 },
);

bank.both(
  "calls during FUNCTION LOAD REPLACE see one whole version each, and never none",
  async (wire) => {
    const version = (number: number): string[] => [
      "FUNCTION",
      "LOAD",
      "REPLACE",
      `#!ts name=versions\nconst version = ${number};\nfunction inner() { return ${number}; }\n` +
        `export function first(): number[] { return [version, inner(), ${number}]; }\n` +
        `export function second(): number[] { return [inner(), ${number}, version]; }\n`,
    ];
    expect(textOf(await wire.call(version(0)))).toBe("versions");
    const clients = await Promise.all(Array.from({ length: 4 }, () => bank.server.connect()));
    let isOver = false;
    // What LOAD has replied must be what any core runs from then on.
    let loaded = 0;
    const seen = new Set<number>();
    const load = clients.map(async (client) => {
      while (!isOver) {
        const least = loaded;
        for (const reply of await client.pipeline(
          Array.from({ length: 8 }, (_, i) => `FCALL ${i % 2 ? "first" : "second"} 0`),
        )) {
          if (reply.kind !== "array") throw new Error(show(reply));
          const [a, b, c] = reply.items.map((item) => numberOf(item));
          if (a === undefined || a !== b || b !== c || a < least) throw new Error(`${show(reply)} after ${least}`);
          seen.add(a);
        }
      }
    });
    for (let number = 1; number <= 60; number++) {
      expect(textOf(await wire.call(version(number)))).toBe("versions");
      loaded = number;
      // Loads go on between calls, but callers that get no time from the machine must not miss them all.
      if (number % 5 === 0) await until("a call of this version", () => seen.has(number));
    }
    isOver = true;
    await Promise.all(load);
    expect(seen.size).toBeGreaterThanOrEqual(12);
    await Promise.all(clients.map((client) => client.close()));
  },
  { only: 2 },
);

bank.both(
  "FUNCTION KILL undoes the call alone, and the pipelines of others go on to their end",
  async (wire) => {
    await open(wire);
    // One after the other, so that either core has some of each: those that come at once may all be given to one.
    const opened: Wire[] = [];
    while (opened.length < 11) opened.push(await bank.server.connect());
    const [spinner, ...others] = opened;
    if (spinner === undefined) throw new Error("no client");
    const [clients, killers] = [others.slice(0, 6), others.slice(6)];
    let isOver = false;
    // Those on the core of the one who spins wait for it and must have all their replies then.
    const load = clients.map((client, index) => transfers(client, new Random(seed + index), () => isOver));
    for (let round = 0; round < 3; round++) {
      let ended: string | undefined;
      const spinning = spinner.call("FCALL spin 1 spun").then((reply) => {
        ended = show(reply);
      });
      await until("the kill", async () => {
        for (const killer of killers) void killer.call("FUNCTION KILL").catch(() => {});
        await Bun.sleep(50);
        return ended !== undefined;
      });
      await spinning;
      expect(ended).toMatch(/^-?.*(killed|KILL)/i);
    }
    isOver = true;
    await Promise.all(load);
    expect(numberOf(await wire.call(`FCALL total 0 ${accounts}`))).toBe(accounts * 1000);
    expect(numberOf(await wire.call("EXISTS spun"))).toBe(0);
    await Promise.all(opened.map((client) => client.close()));
  },
  { only: 2 },
);

/** The core that serves a connection. */
async function coreOf(wire: Wire): Promise<string | undefined> {
  return / io-thread=(\d+) /.exec(textOf(await wire.call("CLIENT INFO")))?.[1];
}

test("FUNCTION KILL undoes a call on a core whose other connections are being closed", async () => {
  // Their closing is mail of that core, which its next VM reads before it ends the call.
  const server = await startServer({
    kind: "zedis",
    options: { "procedure-time-limit": "60000", "procedure-background-threads": "0", io: "epoll" },
  });
  const connect = async (count: number) => {
    const wires: Wire[] = [];
    while (wires.length < count) wires.push(await server.connect());
    return wires;
  };
  const [control] = (await connect(1)) as [Wire];
  expect(textOf(await control.call(["FUNCTION", "LOAD", BANK]))).toBe("bank");
  for (let round = 0; round < 4; round++) {
    const [spinner, ...victims] = (await connect(13)) as [Wire, ...Wire[]];
    // CLIENT KILL waits for the spinning core to look too, so whoever sent it cannot stop the spinning; who does is on the other core.
    const closers = await connect(4);
    const killers: Wire[] = [];
    const core = await coreOf(spinner);
    await until("a connection on the other core", async () => {
      const [made] = (await connect(1)) as [Wire];
      killers.push(made);
      return (await coreOf(made)) !== core;
    });
    const ids = await Promise.all(victims.map(async (wire) => numberOf(await wire.call("CLIENT ID"))));
    const killed = spinner.call("FCALL spin 1 spun");
    // Those on the spinning core get no answer before it is over.
    await Bun.sleep(50);
    const closed = closers.flatMap((closer) => ids.map((id) => closer.call(`CLIENT KILL ID ${id}`)));
    await Bun.sleep(50);
    for (const killer of killers) killer.send("FUNCTION KILL");
    expect(show(await within(10_000, "the kill", killed))).toMatch(/killed by user/);
    const [reader] = (await connect(1)) as [Wire];
    expect(show(await reader.call("EXISTS spun account:0"))).toBe(":0");
    await within(10_000, "the replies to CLIENT KILL", Promise.all(closed));
    await Promise.all([spinner, reader, ...closers, ...killers].map((wire) => wire.close()));
    await within(10_000, "the end of those who were killed", Promise.all(victims.map((wire) => wire.bytes.closed)));
  }
  expect(await server.stop()).toBe(0);
});

test("SIGTERM while procedures and pipelines run ends the server with exit code 0", async () => {
  const server = await startServer({ kind: "zedis", options: { "procedure-time-limit": "500" } });
  const wire = await server.connect();
  await open(wire);
  const clients = await Promise.all(Array.from({ length: 6 }, () => server.connect()));
  const load = clients.map((client, index) => transfers(client, new Random(seed + index), () => false).catch(() => {}));
  const spinning = wire.call("FCALL spin 1 spun").catch(() => {});
  await Bun.sleep(100);
  server.signal("SIGTERM");
  expect(await within(10_000, "the exit", server.exited)).toBe(0);
  await Promise.all([...load, spinning]);
  await server.stop();
});
