/** Nested calls across engines while other cores take the same keys: retries begin the whole call anew, and nothing is lost. */
import { expect, setDefaultTimeout } from "bun:test";
import { numberOf, show } from "../../harness/resp.ts";
import { suite } from "../../harness/suite.ts";

setDefaultTimeout(60_000);

const server = suite({ kind: "zedis", options: { cores: "2", "procedure-time-limit": "5000" } });
const ACCOUNTS = 8;
const CALLS = 200;

server.both("sums stay what they were", async (wire) => {
  const libraries = [
    `#!ts name=outside engine=jsc
export function transfer(from: number, to: number, amount: number) {
  Zedis.fcall("take", [], ["account:" + from, amount]);
  try { Zedis.fcall("spoil", [], ["account:" + to]); } catch {}
  Zedis.fcall("give", [], ["account:" + to, amount]);
  return 1;
}`,
    `#!ts name=within engine=quickjs
export function take(account: string, amount: number) { Zedis.decrby(account, amount); }
export function give(account: string, amount: number) { Zedis.incrby(account, amount); }
export function spoil(account: string) { Zedis.incrby(account, 1000); throw new Error("no"); }`,
  ];
  for (const source of libraries) {
    const reply = await wire.call(["FUNCTION", "LOAD", "REPLACE", source]);
    expect(show(reply)).toMatch(/outside|within/);
  }
  const clients = await Promise.all(Array.from({ length: 6 }, () => server.server.connect(3)));
  await Promise.all(
    clients.map(async (client, index) => {
      for (let call = 0; call < CALLS; call++) {
        const [from, to] = [(index + call) % ACCOUNTS, (index * 3 + call * 5 + 1) % ACCOUNTS];
        expect(numberOf(await client.call(`FCALL transfer 0 ${from} ${to} ${call % 7}`))).toBe(1);
      }
    }),
  );
  let sum = 0;
  for (let account = 0; account < ACCOUNTS; account++) {
    const reply = await wire.call(`INCRBY account:${account} 0`);
    sum += numberOf(reply);
  }
  expect(sum).toBe(0);
  await Promise.all(clients.map((client) => client.close()));
});
