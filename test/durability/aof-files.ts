/** What the tests of the append only file share: folders, servers that log, and the requests of a log. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { show, textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";
import type { Command, Wire } from "../harness/wire.ts";

const folders: string[] = [];

/** A folder of its own for each test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "zedis-aof-"));
  folders.push(path);
  return path;
}

/** After the last test of a file. */
export function removeFolders(): void {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
}

/** `ready`: what the server says when the test may begin. */
export const start = (
  dir: string,
  options: Record<string, string> = {},
  kind?: "zedis" | "redis",
  ready?: string,
): Promise<Server> =>
  startServer({
    ...(kind === undefined ? {} : { kind }),
    ...(ready === undefined ? {} : { ready }),
    options: { dir, appendonly: "yes", appendfsync: "no", ...options },
  });

export async function run(wire: Wire, commands: readonly Command[]): Promise<void> {
  for (const command of commands) {
    const reply = show(await wire.call(command));
    if (reply.startsWith("-")) throw new Error(`${reply} for ${String(command).slice(0, 100)}`);
  }
}

/** The first increment, in the folder of a server. */
export const LOG = "appendonlydir/appendonly.aof.1.incr.aof";

/** The requests of a log. */
export function requests(path: string): string[] {
  const bytes = readFileSync(path);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const line = (): string => {
      const end = bytes.indexOf("\r\n", at);
      const text = bytes.toString("latin1", at, end);
      at = end + 2;
      return text;
    };
    const head = line();
    if (head.startsWith("#")) {
      found.push(head);
      continue;
    }
    const words: string[] = [];
    for (let left = Number(head.slice(1)); left > 0; left--) {
      const length = Number(line().slice(1));
      words.push(bytes.toString("latin1", at, at + length));
      at += length + 2;
    }
    found.push(words.join(" "));
  }
  return found;
}

/** The requests of a log once the last of them is there. */
export async function logged(dir: string, last: string): Promise<string[]> {
  await until(`${last} in the log`, () => requests(join(dir, LOG)).at(-1) === last);
  return requests(join(dir, LOG));
}

export async function digestOf(server: Server): Promise<string> {
  const wire = await server.connect();
  const digest = show(await wire.call("DEBUG DIGEST"));
  wire.close();
  return digest;
}

/** A field of INFO persistence; empty if there is none. */
export async function info(wire: Wire, field: string): Promise<string> {
  return new RegExp(`${field}:(.*)\r`).exec(textOf(await wire.call("INFO persistence")))?.[1] ?? "";
}
