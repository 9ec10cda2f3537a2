/**
 * `zedis-cli check aof FILE [--fix]` and `zedis-cli check rdb FILE`: is a file whole?
 *
 * An append only file is read request by request, transactions as a whole; FILE is a manifest, or one file. A snapshot is held against its own
 * checksum. `--fix` cuts what is no whole request or transaction off the last file, and keeps it beside.
 */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Terminal } from "./terminal.ts";

const USAGE = "Usage: zedis-cli check aof FILE|MANIFEST [--fix]\n       zedis-cli check rdb FILE\n";

/** How a file of requests ends. */
export interface Finding {
  /** Bytes up to which everything is whole. */
  readonly whole: number;
  readonly requests: number;
  /** Null: to the end. */
  readonly wrong: string | null;
}

/** Reads requests from `from` on. A transaction that does not end counts as not there. */
export function checkRequests(bytes: Uint8Array, from = 0): Finding {
  let [at, whole, requests, multi] = [from, from, 0, -1];
  const wrong = (text: string): Finding => ({
    whole: multi >= 0 ? multi : whole,
    requests,
    wrong: `${text} at offset ${at}`,
  });
  const line = (start: number): [text: string, next: number] | null => {
    const end = bytes.indexOf(10, start);
    if (end < 0 || end === start || bytes[end - 1] !== 13 || end - start > 1024) return null;
    return [Buffer.from(bytes.subarray(start, end - 1)).toString("latin1"), end + 1];
  };
  while (at < bytes.length) {
    const first = bytes[at];
    if (first !== 0x2a && first !== 0x23) return wrong("Neither a request nor a comment");
    const head = line(at);
    if (head === null) return wrong(bytes.length - at < 1024 ? "The file ends inside a request" : "No line ends");
    if (first === 0x23) {
      at = head[1];
      if (multi < 0) whole = at;
      continue;
    }
    const count = /^\*\d+$/.test(head[0]) ? Number(head[0].slice(1)) : 0;
    if (count === 0) return wrong("No number of arguments");
    let [next, name] = [head[1], ""];
    for (let index = 0; index < count; index++) {
      if (next >= bytes.length) return wrong("The file ends inside a request");
      const size = line(next);
      if (size === null) return wrong("The file ends inside a request");
      if (!/^\$\d+$/.test(size[0])) return wrong("No length of an argument");
      const end = size[1] + Number(size[0].slice(1));
      if (end + 2 > bytes.length) return wrong("The file ends inside a request");
      if (bytes[end] !== 13 || bytes[end + 1] !== 10) return wrong("An argument is longer than it says");
      if (index === 0) name = Buffer.from(bytes.subarray(size[1], end)).toString("latin1").toLowerCase();
      next = end + 2;
    }
    if (name === "multi" && multi >= 0) return wrong("MULTI inside a transaction");
    if (name === "exec" && multi < 0) return wrong("EXEC without a transaction");
    if (name === "multi") multi = at;
    if (name === "exec") multi = -1;
    at = next;
    requests++;
    if (multi < 0) whole = at;
  }
  return multi >= 0 ? wrong("The file ends inside a transaction") : { whole, requests, wrong: null };
}

/** CRC-64 of RDB files (Jones, reflected), in two halves of 32 bits. */
function crc64(bytes: Uint8Array): bigint {
  const [high, low] = [new Uint32Array(256), new Uint32Array(256)];
  const polynomial = 0x95ac9329ac4bc9b5n;
  for (let byte = 0; byte < 256; byte++) {
    let crc = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
    high[byte] = Number(crc >> 32n);
    low[byte] = Number(crc & 0xffffffffn);
  }
  let [upper, lower] = [0, 0];
  for (const byte of bytes) {
    const index = (lower ^ byte) & 0xff;
    lower = ((lower >>> 8) | (upper << 24)) ^ (low[index] ?? 0);
    upper = (upper >>> 8) ^ (high[index] ?? 0);
  }
  return (BigInt(upper >>> 0) << 32n) | BigInt(lower >>> 0);
}

/** What is wrong with a snapshot, or null. */
export function checkSnapshot(bytes: Uint8Array): string | null {
  const head = Buffer.from(bytes.subarray(0, 9)).toString("latin1");
  const version = /^REDIS(\d{4})$/.exec(head)?.[1] ?? /^VALKEY(\d{3})$/.exec(head)?.[1];
  if (version === undefined) return "Wrong signature: it does not begin with REDIS or VALKEY and a version";
  if (Number(version) < 5) return null;
  if (bytes.length < 18 || bytes[bytes.length - 9] !== 0xff)
    return "It does not end as a snapshot does: it was cut, or something stands behind it";
  const sum = Buffer.from(bytes).readBigUInt64LE(bytes.length - 8);
  if (sum === 0n) return null;
  const found = crc64(bytes.subarray(0, -8));
  return found === sum
    ? null
    : `Wrong checksum: ${sum.toString(16)} stands there, its bytes give ${found.toString(16)}`;
}

/** The files that a manifest names, in order; or the file itself. */
function filesOf(path: string): string[] {
  const text = readFileSync(path);
  if (!text.subarray(0, 5).equals(Buffer.from("file "))) return [path];
  const lines = text
    .toString()
    .split("\n")
    .map((line) => /^file (?:"([^"]+)"|(\S+)) seq \d+ type ([bi])/.exec(line));
  return lines.flatMap((match) => (match === null ? [] : [join(dirname(path), match[1] ?? match[2] ?? "")]));
}

/** Runs the check; the exit code: 0 whole or mended, 1 not. */
export function runCheck(argv: readonly string[], terminal: Pick<Terminal, "out" | "err">): number {
  const [kind, path] = argv.filter((word) => word !== "--fix");
  const fix = argv.includes("--fix");
  if (
    (kind !== "aof" && kind !== "rdb") ||
    path === undefined ||
    argv.length > (fix ? 3 : 2) ||
    (fix && kind === "rdb")
  ) {
    terminal.err(USAGE);
    return 1;
  }
  if (!existsSync(path)) {
    terminal.err(`${path}: there is no such file\n`);
    return 1;
  }
  const files = kind === "rdb" ? [path] : filesOf(path);
  for (const [index, file] of files.entries()) {
    if (!existsSync(file)) {
      terminal.err(`${file}: the manifest names it, but it is not there\n`);
      return 1;
    }
    const bytes = readFileSync(file);
    const isSnapshot = /^(REDIS|VALKEY)/.test(bytes.subarray(0, 6).toString("latin1"));
    if (kind === "rdb" || (isSnapshot && file.endsWith(".rdb"))) {
      const wrong = checkSnapshot(bytes);
      if (wrong !== null) {
        terminal.err(`${file}: ${wrong}\n`);
        return 1;
      }
      terminal.out(`${file}: ${bytes.length} bytes, the checksum is right\n`);
      continue;
    }
    if (isSnapshot) {
      terminal.out(`${file}: begins with a snapshot, whose length only a server finds; not checked\n`);
      continue;
    }
    const { whole, requests, wrong } = checkRequests(bytes);
    if (wrong === null) {
      terminal.out(`${file}: ${bytes.length} bytes, ${requests} requests, all whole\n`);
      continue;
    }
    const lost = bytes.length - whole;
    terminal.err(`${file}: ${wrong}; whole up to byte ${whole}, ${lost} bytes behind it\n`);
    if (!fix) {
      terminal.err(index === files.length - 1 ? "--fix cuts them off, and keeps them beside.\n" : "");
      return 1;
    }
    if (index < files.length - 1) {
      terminal.err("It is not the last file: cutting it would lose what came after it. Nothing is changed.\n");
      return 1;
    }
    writeFileSync(`${file}.cut-at-${whole}`, bytes.subarray(whole));
    const descriptor = openSync(file, "r+");
    ftruncateSync(descriptor, whole);
    closeSync(descriptor);
    terminal.out(`${file}: cut at byte ${whole}; the ${lost} bytes are in ${file}.cut-at-${whole}\n`);
  }
  return 0;
}
