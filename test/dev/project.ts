/** A folder of procedures with a `zedis dev` over it. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Server, startServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";

/** A busy machine gets that long. */
const PATIENCE = { limit_ms: 50_000, pause_ms: 20 };

export class Project {
  readonly folder = join(mkdtempSync(join(tmpdir(), "zedis-dev-")), "procedures");
  server!: Server;
  wire!: Wire;
  #seen = 0;

  constructor(files: Readonly<Record<string, string>> = {}) {
    mkdirSync(this.folder);
    for (const [path, text] of Object.entries(files)) this.save(path, text);
  }

  start(...args: readonly string[]): Promise<this> {
    return this.startWith({ ready: "procedures: from" }, ...args);
  }

  /** `ready`: what the server says when the test may begin. */
  async startWith({ ready }: { ready: string }, ...args: readonly string[]): Promise<this> {
    const program = ["src/cli/zedis.ts", "dev", "--procedures", this.folder, ...args];
    this.server = await startServer({ program, ready });
    this.wire = await this.server.connect(3);
    return this;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  save(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** As editors save: a new file that takes the old one's name. */
  saveByRename(name: string, text: string): void {
    writeFileSync(this.path(`${name}.swp~`), text);
    renameSync(this.path(`${name}.swp~`), this.path(name));
  }

  delete(name: string): void {
    rmSync(this.path(name), { recursive: true });
  }

  /** What FCALL without keys replies: text and integers as text, an error as `-ERR …`. */
  async call(name: string, ...args: string[]): Promise<string> {
    const reply = await this.wire.call(["FCALL", name, "0", ...args]);
    if (reply.kind === "error") return `-${reply.text}`;
    if (reply.kind === "integer") return String(reply.value);
    return reply.kind === "bulk" ? Buffer.from(reply.bytes).toString() : JSON.stringify(reply);
  }

  /** Waits until the function replies so. */
  async serves(name: string, expected: string): Promise<void> {
    let last = "";
    await until(
      `${name} to reply ${expected}`,
      async () => {
        last = await this.call(name);
        return last === expected;
      },
      PATIENCE,
    ).catch((error: Error) => {
      throw new Error(`${error.message}; it replied ${last}; the server said:\n${this.server.log}`);
    });
  }

  /** Waits until the function is not there. */
  async lacks(name: string): Promise<void> {
    await until(`${name} to go`, async () => (await this.call(name)) === "-ERR Function not found", PATIENCE);
  }

  /** Waits for a line behind those that were waited for before; gives what was printed up to its end. */
  async says(pattern: RegExp): Promise<string> {
    const found = await until(
      `the line ${pattern}`,
      () => pattern.exec(this.server.log.slice(this.#seen)),
      PATIENCE,
    ).catch((error: Error) => {
      throw new Error(`${error.message}; the server said:\n${this.server.log.slice(this.#seen)}`);
    });
    const end = found.index + found[0].length;
    const text = this.server.log.slice(this.#seen, this.#seen + end);
    this.#seen += end;
    return text;
  }

  /** Waits until somebody has written the file, and gives what is in it. */
  fileAppears(name: string): Promise<string> {
    const path = this.path(name);
    // Whoever writes it makes it empty first.
    return until(name, () => (existsSync(path) && readFileSync(path, "utf8")) || null, PATIENCE);
  }

  get printed(): string {
    return this.server.log;
  }

  async stop(): Promise<void> {
    await this.wire?.close();
    await this.server?.stop();
    rmSync(dirname(this.folder), { recursive: true, force: true });
  }
}
