/**
 * For tests of procedures: a server of their own for the tests of a file, with nothing in it but the libraries named.
 *
 *     import { expect, test } from "bun:test";
 *     import { procedures } from "zedis/test";
 *
 *     const store = procedures(import.meta.dir, "hello.ts");
 *
 *     test("hello counts", async () => {
 *       expect(await store.call("hello", ["visits"], "Ada")).toEqual({ greeting: "Hello, Ada!", visits: 1 });
 *     });
 */

import { afterAll, beforeAll, beforeEach } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { RedisClient, type Subprocess } from "bun";
import { sourceOfFile } from "../compile/file-source.ts";
import { portOf } from "./announced-port.ts";

const PROGRAM = join(import.meta.dir, "../../src/cli/zedis.ts");
/** A first start may build the native store. */
const START_MS_MAX = 600_000;

/** The file's server; only inside tests and hooks. */
export interface Store {
  /** Calls a function. Arguments that are neither text nor numbers are sent as JSON. Rejects with the error reply. */
  call(name: string, keys?: readonly string[], ...args: readonly unknown[]): Promise<unknown>;
  /** Any command: `store.send("SET", "key", "value")`. */
  send(command: string, ...args: readonly (string | number)[]): Promise<unknown>;
  /** Where other clients find it. */
  readonly port: number;
}

/** Starts a server before the tests of this file and stops it after them; each test finds no keys. `files`: seen from `folder`. */
export function procedures(folder: string, ...files: readonly string[]): Store {
  let server: Running | null = null;
  const running = (): Running => {
    if (server === null) throw new Error("the server runs inside of tests and hooks only");
    return server;
  };
  const send = (command: string, ...args: readonly (string | number)[]): Promise<unknown> =>
    running().client.send(command, args.map(String));
  beforeAll(async () => {
    server = await Running.start();
    for (const file of files) {
      const path = resolve(folder, file);
      const source = sourceOfFile(path, readFileSync(path, "latin1"));
      await send("FUNCTION", "LOAD", "REPLACE", Buffer.from(source, "latin1").toString());
    }
  }, START_MS_MAX);
  beforeEach(async () => {
    await send("FLUSHALL");
  });
  afterAll(() => server?.stop());
  return {
    send,
    call: (name, keys = [], ...args) => send("FCALL", name, keys.length, ...keys, ...args.map(argument)),
    get port() {
      return running().port;
    },
  };
}

/** As a client writes it: a procedure converts it by the type of its parameter. */
function argument(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

class Running {
  private constructor(
    private readonly process: Subprocess,
    private readonly folder: string,
    readonly client: RedisClient,
    readonly port: number,
  ) {}

  static async start(): Promise<Running> {
    const folder = mkdtempSync(join(tmpdir(), "zedis-test-"));
    const options = ["--port", "0", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--admin-port", "0"];
    const child = Bun.spawn([process.execPath, PROGRAM, "server", ...options], {
      cwd: folder,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    // A run that ends early leaves no server behind.
    process.on("exit", () => child.kill("SIGKILL"));
    const port = await portOf(child.stdout);
    return new Running(child, folder, new RedisClient(`redis://127.0.0.1:${port}`), port);
  }

  async stop(): Promise<void> {
    this.client.close();
    this.process.kill("SIGTERM");
    await this.process.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
