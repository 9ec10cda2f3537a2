/** A server at its memory limit: figures of INFO, keys of known age, and a limit just above what is in use. */
import { numberOf, textOf } from "../harness/resp.ts";
import { until } from "../harness/wait.ts";
import type { Command, Wire } from "../harness/wire.ts";

/** A field of INFO as a number. */
export async function figure(wire: Wire, name: string): Promise<number> {
  return fieldOf(textOf(await wire.call("INFO everything")), name);
}

function fieldOf(info: string, name: string): number {
  const found = new RegExp(`^${name}:(-?\\d+)`, "m").exec(info);
  if (found === null) throw new Error(`INFO has no ${name}`);
  return Number(found[1]);
}

/** Bytes that are compared with the limit. */
async function counted(wire: Wire): Promise<number> {
  const info = textOf(await wire.call("INFO memory"));
  return fieldOf(info, "used_memory") - fieldOf(info, "mem_not_counted_for_evict");
}

/** Sends commands in pipelines of some hundred, and gives the number of errors among the replies. */
export async function send(wire: Wire, commands: readonly Command[]): Promise<number> {
  let errors = 0;
  for (let at = 0; at < commands.length; at += 200) {
    const replies = await wire.pipeline(commands.slice(at, at + 200));
    errors += replies.filter((reply) => reply.kind === "error").length;
  }
  return errors;
}

/** Bytes of the values below: far more than what else changes in a server while a test runs. */
export const VALUE = "x".repeat(500);

/** `prefix:0` to `prefix:count-1`. */
export const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}:${index}`);

export const sets = (keys: readonly string[], ...options: string[]): Command[] =>
  keys.map((key) => ["SET", key, VALUE, ...options]);

/** Puts keys in with how long they have been idle, s, or how often they were used. */
export async function restores(wire: Wire, keys: readonly string[], ...options: string[]): Promise<void> {
  await wire.call(["SET", "pattern", VALUE]);
  const dumped = await wire.call("DUMP pattern");
  if (dumped.kind !== "bulk") throw new Error("DUMP gives bytes");
  await wire.call("DEL pattern");
  const errors = await send(
    wire,
    keys.map((key) => ["RESTORE", key, "0", dumped.bytes, "REPLACE", ...options]),
  );
  if (errors > 0) throw new Error(`${errors} of ${keys.length} keys were not restored`);
}

/** Empties the server and sets its policy. The limit is far away: where there is one, connections keep smaller buffers. */
export async function begin(wire: Wire, policy: string): Promise<void> {
  await wire.call("CONFIG SET maxmemory 100gb");
  await wire.call("FLUSHALL SYNC");
  // What an earlier test left may still be on its way to be free, and would be missed from what is in use.
  await until("the lazy-free thread", async () => (await figure(wire, "lazyfree_pending_objects")) === 0);
  await wire.call(`CONFIG SET maxmemory-policy ${policy}`);
  await wire.call("CONFIG RESETSTAT");
}

/** Sets the limit so far above what is in use. */
export async function limit(wire: Wire, above = 0): Promise<number> {
  const bytes = (await counted(wire)) + above;
  await wire.call(`CONFIG SET maxmemory ${bytes}`);
  return bytes;
}

/** How many of the keys are there. */
export async function alive(wire: Wire, keys: readonly string[]): Promise<number> {
  return numberOf(await wire.call(["EXISTS", ...keys]));
}

/** Waits until no more than so many bytes are in use: one request makes room for half a millisecond at most. */
export async function settles(wire: Wire, bytes: number): Promise<void> {
  await until(`used_memory to fall below ${bytes}`, async () => (await counted(wire)) <= bytes);
}
