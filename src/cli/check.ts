/**
 * `zedis-cli check aof FILE` and `zedis-cli check rdb FILE`, and the programs zedis-check-aof and zedis-check-rdb, which take and tell what
 * redis-check-aof and redis-check-rdb do: is a file whole?
 *
 * An append only file is read request by request, transactions as a whole; FILE is a manifest, or one file. A snapshot is read key by key and held
 * against its checksum, by the native side. `--fix` cuts what is no whole request or transaction off the last file, `--truncate-to-timestamp` what
 * came after a second; both keep what they cut beside.
 */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { libraryPath } from "../core/build.ts";
import { openSnapshotCheck, type SnapshotFacts } from "../core/ffi-check.ts";
import { checkRequests, type Finding } from "./check-requests.ts";
import type { Terminal } from "./terminal.ts";

const USAGE = `Usage: zedis-cli check aof [--fix | --truncate-to-timestamp SECONDS] FILE|MANIFEST
       zedis-cli check rdb FILE
`;

type Out = Pick<Terminal, "out" | "err">;

interface Asked {
  readonly fix: boolean;
  /** Seconds since the epoch; null: nothing is cut by time. */
  readonly until: number | null;
}

/** A file of an append only file. */
interface Part {
  readonly path: string;
  readonly kind: "AOF" | "BASE AOF" | "INCR AOF";
  readonly isLast: boolean;
}

/** Runs the check; the exit code: 0 whole or mended, 1 not. */
export function runCheck(argv: readonly string[], terminal: Out): number {
  const [kind, ...rest] = argv;
  if (argv.includes("--help") || argv.includes("-h")) {
    terminal.out(USAGE);
    return 0;
  }
  const words: string[] = [];
  let [fix, until]: [boolean, number | null] = [false, null];
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] as string;
    if (word === "--fix") fix = true;
    else if (word === "--truncate-to-timestamp") until = Number(rest[++index] ?? Number.NaN);
    else words.push(word);
  }
  const [path] = words;
  const changes = fix || until !== null;
  const isWrong = words.length !== 1 || (fix && until !== null) || (until !== null && !(until > 0));
  if (path === undefined || isWrong || !(kind === "aof" || (kind === "rdb" && !changes))) {
    terminal.err(USAGE);
    return 1;
  }
  if (!existsSync(path)) {
    terminal.err(`Cannot open file ${path}: there is no such file\n`);
    return 1;
  }
  return kind === "rdb" ? checkSnapshotFile(path, terminal) : checkLog(path, { fix, until }, terminal);
}

/** What the native side finds in a snapshot. */
function snapshotFacts(bytes: Uint8Array): SnapshotFacts {
  return openSnapshotCheck(libraryPath())(bytes);
}

function checkSnapshotFile(path: string, { out, err }: Out): number {
  out(`[offset 0] Checking RDB file ${path}\n`);
  const bytes = readFileSync(path);
  const { end, keys, expires, libraries, wrong } = snapshotFacts(bytes);
  if (wrong !== null) {
    err(`--- RDB ERROR DETECTED ---\n[offset ${end}] ${wrong}\n`);
    return 1;
  }
  if (end < bytes.length) {
    err(`--- RDB ERROR DETECTED ---\n[offset ${end}] ${bytes.length - end} bytes stand behind its end\n`);
    return 1;
  }
  out(`[offset ${end}] Checksum OK\n[offset ${end}] \\o/ RDB looks OK! \\o/\n`);
  out(`[info] ${keys} keys read\n[info] ${expires} expires\n[info] ${libraries} libraries of functions\n`);
  return 0;
}

function checkLog(path: string, asked: Asked, terminal: Out): number {
  const { out, err } = terminal;
  const manifest = readManifest(path);
  if (typeof manifest === "string") {
    err(`${manifest}\n`);
    return 1;
  }
  if (manifest === null) {
    out("Start checking Old-Style AOF\n");
    return checkPart({ path, kind: "AOF", isLast: true }, asked, terminal) ? 0 : 1;
  }
  out("Start checking Multi Part AOF\n");
  const { base, increments } = manifest;
  if (base !== null && !checkPart({ path: base, kind: "BASE AOF", isLast: increments.length === 0 }, asked, terminal)) {
    return 1;
  }
  if (increments.length > 0) out("Start to check INCR files.\n");
  for (const [index, increment] of increments.entries()) {
    const isLast = index === increments.length - 1;
    if (!checkPart({ path: increment, kind: "INCR AOF", isLast }, asked, terminal)) return 1;
  }
  out("All AOF files and manifest are valid\n");
  return 0;
}

/** The files that a manifest names; null: it is none; or the text of what is wrong. */
function readManifest(path: string): { base: string | null; increments: string[] } | null | string {
  const text = readFileSync(path);
  if (!text.subarray(0, 5).equals(Buffer.from("file "))) return null;
  const [lines, increments] = [text.toString().replace(/\n$/, "").split("\n"), [] as string[]];
  let base: string | null = null;
  for (const [index, line] of lines.entries()) {
    if (line.startsWith("#")) continue;
    const found = /^file (?:"((?:[^"\\]|\\.)+)"|(\S+)) seq \d+ type ([bih])(?: |$)/.exec(line);
    if (found === null) return `Invalid AOF manifest file format, in line ${index + 1}: '${line}'`;
    const file = join(dirname(path), found[1] === undefined ? (found[2] as string) : unquoted(found[1]));
    if (found[3] === "b") base = file;
    if (found[3] === "i") increments.push(file);
  }
  return { base, increments };
}

function unquoted(text: string): string {
  const named: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
  const bytes = text.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (_, hex?: string, character = "") =>
    hex === undefined ? (named[character] ?? character) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  // Bytes above 127 stand there as \xHH of their UTF-8.
  return /\\x[89a-fA-F]/.test(text) ? Buffer.from(bytes, "latin1").toString() : bytes;
}

/** False: it is not whole, or could not be made so. */
function checkPart(part: Part, asked: Asked, { out, err }: Out): boolean {
  const { path, kind } = part;
  const name = basename(path);
  if (!existsSync(path)) {
    err(`Cannot open file ${path}: the manifest names it, but it is not there\n`);
    return false;
  }
  const bytes = readFileSync(path);
  const begins = /^(REDIS|VALKEY)/.test(bytes.subarray(0, 6).toString("latin1"));
  if (kind === "BASE AOF") out(`Start to check BASE AOF (${begins ? "RDB" : "RESP"} format).\n`);
  let from = 0;
  if (begins) {
    out("The AOF appears to start with an RDB preamble.\nChecking the RDB preamble to start:\n");
    const { end, wrong } = snapshotFacts(bytes);
    if (wrong !== null) {
      err(`RDB preamble of AOF file is not sane, aborting: [offset ${end}] ${wrong}\n`);
      return false;
    }
    out("RDB preamble is OK, proceeding with AOF tail...\n");
    from = end;
  }
  const finding = checkRequests(bytes, from, asked.until ?? undefined);
  if (asked.until !== null) return cutByTime(part, bytes, finding, asked.until, { out, err });
  const { whole, line, requests, wrong } = finding;
  const rest = bytes.length - whole;
  if (wrong !== null) out(`${name}: ${wrong}\n`);
  out(
    `AOF analyzed: filename=${name}, size=${bytes.length}, ok_up_to=${whole}, ok_up_to_line=${line}, diff=${rest}, requests=${requests}\n`,
  );
  if (wrong === null) {
    out(`${kind} ${name} is valid\n`);
    return true;
  }
  if (!asked.fix) {
    err(`${kind} ${name} is not valid. Use the --fix option to try fixing it.\n`);
    return false;
  }
  if (!part.isLast) {
    err(`Failed to truncate AOF ${name} because it is not the last file: what came after it would be lost\n`);
    return false;
  }
  out(`Successfully truncated AOF ${name} to ${whole} bytes; ${cut(path, bytes, whole)}\n`);
  return true;
}

function cutByTime(part: Part, bytes: Buffer, { later, stamped }: Finding, until: number, { out, err }: Out): boolean {
  const name = basename(part.path);
  if (later === null) {
    out(`${part.kind} ${name} has nothing later than ${until}, nothing is truncated\n`);
    return true;
  }
  if (!part.isLast) {
    err(
      `Failed to truncate AOF ${name} to timestamp ${until} to offset ${later} because it is not the last file: what came after it would be lost\n`,
    );
    return false;
  }
  if (!stamped && later === 0) {
    err(`AOF ${name} has nothing before timestamp ${until}, aborting...\n`);
    return false;
  }
  out(`Successfully truncated AOF ${name} to timestamp ${until}; ${cut(part.path, bytes, later)}\n`);
  return true;
}

/** Cuts a file, and says where what was cut is. */
function cut(path: string, bytes: Uint8Array, at: number): string {
  const beside = `${path}.cut-at-${at}`;
  writeFileSync(beside, bytes.subarray(at));
  const descriptor = openSync(path, "r+");
  ftruncateSync(descriptor, at);
  closeSync(descriptor);
  return `the ${bytes.length - at} bytes behind it are in ${beside}`;
}
