/**
 * The guest that every library of a core begins as: inside/zedis.ts has run, no library has. It is made once, and a
 * library's guest starts as a copy of its memory.
 */
import { ALLOWED_GLOBALS } from "../../convert/globals.ts";
import type { CallableCommands } from "../../host/commands.ts";
import { LIMITS } from "../../limits.ts";
import { Guest, type GuestCalls, type GuestLimits, HELPER } from "./guest.ts";
import { COMMAND, INNER, KEY_MAX, OUT, QUICK } from "./host-calls.ts";
import { makeBuilder } from "./inside/build.ts";
import { harden } from "./inside/harden.ts";
import { makeEmitter } from "./inside/result.ts";
import { makeGuest } from "./inside/zedis.ts";
import type { Snapshot } from "./instance.ts";

const FILE = "zedis:inside";

export interface Base {
  readonly guest: Guest;
  readonly snapshot: Snapshot;
}

/** Cost: some 10 ms, and the compiling of the module on the first call of a thread. */
export function makeBase(limits: GuestLimits, calls: GuestCalls, commands: CallableCommands): Base {
  // The limits are the libraries'; this code is ours and needs what it needs.
  const guest = new Guest({ ...limits, timeMs: () => 0, memoryBytes: () => 64 << 20 }, calls);
  guest.boot();
  const { x } = guest.instance;
  const setup = x.QTS_NewObject(guest.context);
  const host = x.QTS_NewObject(guest.context);
  put(guest, host, "quick", functions(guest, QUICK));
  const rows = Object.fromEntries(commands.rows.map(([row, , name]) => [name, COMMAND + row * 2]));
  put(guest, host, "commands", functions(guest, rows));
  const binary = Object.fromEntries(commands.rows.map(([row, , name]) => [name, COMMAND + row * 2 + 1]));
  put(guest, host, "binary", functions(guest, binary));
  for (const [name, id] of Object.entries(INNER)) put(guest, host, name, newFunction(guest, name, id));
  put(guest, setup, "host", host);
  const limitsInside = { logText: LIMITS.logTextMax, depth: LIMITS.resultDepthMax, keyMax: KEY_MAX };
  const data = {
    allowed: ALLOWED_GLOBALS,
    rows: commands.rows,
    denied: commands.denied,
    limits: limitsInside,
    kinds: OUT,
  };
  // Function text of this process's own source; nothing of a library is in it.
  const code = `"use strict"; (function (setup) { return (${makeGuest})({ ...setup, ...${JSON.stringify(data)}, makeEmitter: ${makeEmitter},
    makeBuilder: ${makeBuilder}, harden: ${harden} }); })`;
  const factory = sound(guest, guest.evaluate(code, FILE));
  guest.pass(0, setup);
  const helpers = sound(guest, guest.call(factory, 1));
  guest.helpers = Array.from({ length: Object.keys(HELPER).length }, (_, index) =>
    x.QTS_GetPropNumber(guest.context, helpers, index),
  );
  for (const at of [setup, factory, helpers]) guest.free(at);
  return { guest, snapshot: guest.instance.snapshot() };
}

function functions(guest: Guest, ids: Readonly<Record<string, number>>): number {
  const object = guest.instance.x.QTS_NewObject(guest.context);
  for (const [name, id] of Object.entries(ids)) put(guest, object, name, newFunction(guest, name, id));
  return object;
}

function newFunction(guest: Guest, name: string, id: number): number {
  const at = guest.alloc(name.length + 1);
  guest.instance.u8.latin1Write(`${name}\0`, at);
  const made = guest.instance.x.QTS_NewFunction(guest.context, at, 0, 0, id);
  guest.freeAddress(at);
  return guest.made(made);
}

function put(guest: Guest, object: number, name: string, value: number): void {
  const key = guest.newText(name);
  guest.instance.x.QTS_SetProp(guest.context, object, key, value);
  guest.free(key);
  guest.free(value);
}

/** Our own code does not throw. */
function sound(guest: Guest, at: number): number {
  const thrown = guest.exception(at);
  if (thrown === 0) return at;
  throw new Error(`inside/zedis.ts failed: ${readError(guest, thrown)}`);
}

function readError(guest: Guest, thrown: number): string {
  const { x, u8 } = guest.instance;
  const dump = x.QTS_Dump(guest.context, thrown);
  return u8.utf8Slice(dump, u8.indexOf(0, dump));
}
