/** Requests as no client would send them: valid ones with their arguments, their framing or their bytes changed. */
import type { Random } from "../harness/random.ts";
import { encodeRequest } from "../harness/resp.ts";
import { commands, grammar, keys, numbers, options } from "./mutate-words.ts";

/** A few mutated requests as the bytes of one connection. Only the last may break the framing: nothing is read behind it. */
export function mutatedBatch(random: Random, count: number): Buffer {
  const requests: Buffer[] = [];
  while (requests.length < count) {
    // Blocks of a transaction, most of them ended.
    const block = random.chance(0.03) ? random.below(8) : -1;
    if (block >= 0) requests.push(encodeRequest(["MULTI"]));
    for (let left = Math.max(block, 1); left > 0; left--) requests.push(encodeRequest(mutatedArguments(random)));
    if (block >= 0 && random.chance(0.9)) requests.push(encodeRequest([random.chance(0.9) ? "EXEC" : "DISCARD"]));
  }
  if (random.chance(0.7)) requests.push(brokenBytes(random, encodeRequest(mutatedArguments(random))));
  return Buffer.concat(requests);
}

/** What the server under fuzz starts with, and what the mutations call, change and load again. */
export const fuzzLibrary = `#!ts name=fuzz
function move(from: string, to: string, amount: number) {
  Zedis.call("INCRBY", from, -amount);
  Zedis.incrby(to, amount);
  return { from: Zedis.get(from), to: Zedis.get(to) };
}
function wander(key: string, steps?: number, tail?: string) {
  for (let step = 0; step < Math.min(steps ?? 3, 20); step++) Zedis.append(key + (step % 5), tail ?? "x");
  return Zedis.strlen(key + "0");
}
function half(key: string, count: number): string[] {
  Zedis.set(key, "half");
  Zedis.hset(key + "h", "f", String(count));
  throw new Error(\`half \${count}\`);
}
/** @no-writes */
function look(key: string) {
  return [Zedis.get(key), Zedis.exists(key), null, 1.5, new Uint8Array([1, 2])];
}
function deep(key: string, depth: number): number {
  return depth > 0 ? 1 + deep(key, depth - 1) : Number(Zedis.exists(key));
}
`;

const functions = ["move", "wander", "half", "look", "deep", "MOVE", "nosuch"];
const fields = ["GET", "SET", "INCRBY", "OVERFLOW", "u8", "i64", "u63", "u64", "#1", "sat", "i0"];

/** DUMP payloads of redis-server 7.0: a string, an integer, a hash; and one that says more than it has. */
const payloads = [
  "000568656c6c6f0a00",
  "00c0640a00",
  "101111000000040081610201018162020201ff0a00",
  "04020161c0010162c0020a00",
  "00c304ff00610a00",
  "0481ffffffffffffffff0a00",
];

/** A payload with some bytes changed and, mostly, a sum that is right again, so that its content is looked at. */
function payload(random: Random): Uint8Array {
  const body = Buffer.from(random.pick(payloads), "hex");
  while (random.chance(0.6)) body[random.below(body.length)] = random.below(256);
  if (random.chance(0.8)) body.set([10, 0], body.length - 2);
  const sum = Buffer.alloc(8);
  sum.writeBigUInt64LE(random.chance(0.9) ? crc64(body) : 1n);
  return Buffer.concat([body, sum]);
}

/** The CRC-64 that DUMP's payloads end with. Bit by bit: payloads are short. */
function crc64(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
  }
  return crc;
}

/** The library's source with a piece lost, doubled or damaged. Rare: each costs the server a compilation. */
function library(random: Random): string {
  if (random.chance(0.3)) return fuzzLibrary;
  const at = random.below(fuzzLibrary.length);
  const end = at + random.below(30);
  const piece = random.pick([
    "",
    fuzzLibrary.slice(at, end).repeat(2),
    "}",
    "\0",
    "`",
    "((((((((",
    "\u{1f600}",
    "async ",
  ]);
  return fuzzLibrary.slice(0, at) + piece + fuzzLibrary.slice(end);
}

function mutatedArguments(random: Random): (string | Uint8Array)[] {
  if (random.chance(0.0005)) return ["FUNCTION", "LOAD", random.chance(0.8) ? "REPLACE" : "replac", library(random)];
  const args: (string | Uint8Array)[] = random.pick(commands).map((kind) => {
    if (kind === "key") return random.pick(keys);
    if (kind === "function") return random.pick(functions);
    if (kind === "field") return random.pick(fields);
    if (kind === "payload") return payload(random);
    if (kind === "number") return random.chance(0.3) ? String(random.from(-20, 20)) : random.pick(numbers);
    if (kind === "option") return random.pick(options);
    if (kind === "value") return value(random);
    const words = grammar[kind];
    if (words !== undefined) return random.pick(words);
    return random.chance(0.02) ? kind.toLowerCase() : kind;
  });
  // Too few, too many, swapped, repeated, damaged.
  if (random.chance(0.1)) args.splice(random.below(args.length), 1);
  if (random.chance(0.1)) args.push(random.chance(0.5) ? random.pick(options) : value(random));
  if (random.chance(0.03)) args.push(...Array.from({ length: random.below(300) }, () => random.pick(keys)));
  if (random.chance(0.05) && args.length > 1) args.splice(1, 0, random.pick(numbers));
  if (random.chance(0.05) && args.length > 0) {
    const index = random.below(args.length);
    const bytes = Buffer.from(args[index] as string);
    if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
    args[index] = bytes;
  }
  const name = String(args[0] ?? "").toUpperCase();
  // By chance a damaged name may still be one that stops the server; an empty request would be skipped.
  if (
    args.length === 0 ||
    /^(SHUTDOWN|DEBUG|MONITOR|SUBSCRIBE|PSUBSCRIBE|SSUBSCRIBE|SYNC|PSYNC|REPLICAOF|SLAVEOF)$/.test(name)
  )
    return ["PING"];
  // Nobody may be locked out, and the user of this connection least of all.
  if (name === "ACL" && /^(SETUSER|DELUSER)$/i.test(String(args[1] ?? ""))) args[2] = `user${random.below(5)}`;
  if (name === "ACL" && /^(LOAD|SAVE)$/i.test(String(args[1] ?? ""))) return ["PING"];
  if (name === "CLIENT" && /^(REPLY|PAUSE|KILL)$/i.test(String(args[1] ?? ""))) return ["PING"];
  return args;
}

function value(random: Random): string | Uint8Array {
  const kind = random.below(6);
  if (kind === 0) return random.pick(numbers);
  if (kind === 1) return random.pick(keys);
  if (kind === 2) return Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
  if (kind === 3) return "x".repeat(random.below(3000));
  if (kind === 4)
    return random.pick([
      "*",
      "h?[a-c]*",
      "[",
      "\\",
      "[^",
      "*?*?*?*",
      "*1\r\n$4\r\nPING\r\n",
      "%s%n%x",
      "$(x)",
      "../../etc",
      "<script>",
    ]);
  return random.pick(options);
}

function brokenBytes(random: Random, request: Buffer): Buffer {
  const bytes = Buffer.from(request);
  const kind = random.below(8);
  if (kind === 0) return bytes.subarray(0, random.below(bytes.length));
  if (kind === 1) {
    for (let flips = random.from(1, 5); flips > 0; flips--) bytes[random.below(bytes.length)] = random.below(256);
    return bytes;
  }
  if (kind === 2)
    return Buffer.concat([bytes.subarray(0, random.below(bytes.length)), Buffer.from([random.below(256)]), bytes]);
  const text = bytes.toString("latin1");
  const length = random.pick([
    "-1",
    "0",
    "2",
    "1000000000",
    "536870913",
    "2147483648",
    "99999999999999999999",
    "1 ",
    "+3",
    "x",
    "",
  ]);
  if (kind === 3) return Buffer.from(text.replace(/\*\d+/, `*${length}`), "latin1");
  if (kind === 4) return Buffer.from(text.replace(/\$\d+/, `$${length}`), "latin1");
  if (kind === 5) return Buffer.from(text.replaceAll("\r\n", random.pick(["\n", "\r", "\n\r", ""])), "latin1");
  if (kind === 6)
    return Buffer.from(
      `${random.pick(['"', "'", "\\", "\0", 'SET k "', "*", "$", ">1\r\n", "_\r\n"])}${text}`,
      "latin1",
    );
  return Buffer.from(Array.from({ length: random.from(1, 200) }, () => random.below(256)));
}
