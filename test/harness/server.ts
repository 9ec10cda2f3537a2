/** Starts and stops the server under test: its own process, its own temporary folder, a free port on loopback. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import type { Protocol } from "./expected.ts";
import { extraOptions, isOracle, oraclePath } from "./target.ts";
import { until, within } from "./wait.ts";
import { type Address, Wire } from "./wire.ts";

export interface StartOptions {
  /** Options as on the command line, without dashes: `{maxclients: "100"}`. */
  readonly options?: Readonly<Record<string, string>>;
  /** Which server; the suite's target where it is not given. */
  readonly kind?: "zedis" | "redis";
  /** A configuration file's text; written into the server's folder and given as the first argument. */
  readonly configFile?: string;
  /** What the server says when the test may begin; "Ready to accept connections" where it is not given. */
  readonly ready?: string;
  /** Zedis by another program than src/main.ts: its path from the root, and its first arguments. */
  readonly program?: readonly string[];
  /** With the HTTP API, on a free port: `Server.http`. */
  readonly admin?: boolean;
  /** Environment variables in addition to this process's. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A server that refused to start: its output says why. */
export class StartFailure extends Error {
  constructor(
    readonly exitCode: number | null,
    readonly output: string,
  ) {
    super(`the server did not start (exit code ${exitCode}); it said:\n${output}`);
  }
}

export class Server {
  readonly address: Address;

  constructor(
    readonly kind: "zedis" | "redis",
    readonly port: number,
    /** The server's working directory, removed by `stop`. */
    readonly folder: string,
    private readonly process: Subprocess,
    private readonly output: Output,
    private readonly adminPort = 0,
  ) {
    this.address = { hostname: "127.0.0.1", port };
  }

  get pid(): number {
    return this.process.pid;
  }

  /** What the server has printed so far, at most the last 256 KiB. */
  get log(): string {
    return this.output.text;
  }

  /** Address of the HTTP API of a server that was started with it, without a slash at its end. */
  get http(): string {
    return `http://127.0.0.1:${this.adminPort}`;
  }

  connect(protocol: Protocol = 2): Promise<Wire> {
    return Wire.connect(this.address, protocol);
  }

  /** Sends a signal to the server's process and to no other. */
  signal(name: NodeJS.Signals): void {
    this.process.kill(name);
  }

  /** The exit code, once the process is gone. */
  get exited(): Promise<number> {
    return this.process.exited;
  }

  /** Resident memory in bytes, from /proc; throws when the process is gone. */
  async residentBytes(): Promise<number> {
    const status = await Bun.file(`/proc/${this.pid}/status`).text();
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  }

  /** Ends the process (SIGTERM, after five seconds SIGKILL) and removes its folder. Returns the exit code. */
  async stop(): Promise<number> {
    if (this.process.exitCode === null) this.process.kill("SIGTERM");
    const exitCode = await within(5_000, "exit after SIGTERM", this.process.exited).catch(() => {
      this.process.kill("SIGKILL");
      return this.process.exited;
    });
    running.delete(this.process);
    rmSync(this.folder, { recursive: true, force: true });
    return exitCode;
  }
}

/** A server that accepts connections. Throws StartFailure when it ends or stays silent for 30 seconds. */
export async function startServer(start: StartOptions = {}): Promise<Server> {
  for (let tries = 1; ; tries++) {
    try {
      return await startOnce(start);
    } catch (error) {
      // Somebody else got the port for HTTP between its choice and its use.
      const isTaken = error instanceof StartFailure && error.output.includes("cannot serve HTTP on");
      if (start.admin !== true || !isTaken || tries === 3) throw error;
    }
  }
}

async function startOnce({
  options = {},
  kind,
  configFile,
  env = {},
  program: own,
  admin = false,
  ready = "Ready to accept connections",
}: StartOptions): Promise<Server> {
  const wanted = kind ?? (isOracle ? "redis" : "zedis");
  const folder = mkdtempSync(join(tmpdir(), "zedis-test-"));
  const port = Number(options.port ?? (wanted === "redis" ? freePort() : 0));
  const adminPort = admin ? freePort() : 0;
  const settings: Record<string, string> = {
    port: String(port),
    bind: "127.0.0.1",
    dir: folder,
    save: "",
    appendonly: "no",
    "enable-debug-command": "yes",
    ...(wanted === "zedis" ? { cores: "2", "admin-port": String(adminPort) } : {}),
    ...options,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const file = join(folder, "test.conf");
  if (configFile !== undefined) await Bun.write(file, configFile);
  const child = Bun.spawn({
    cmd: [...program(wanted, own), ...(configFile === undefined ? [] : [file]), ...args],
    cwd: folder,
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  endWithThisProcess(child);
  const output = new Output();
  output.follow(child.stdout);
  output.follow(child.stderr);
  try {
    await until(
      "the server's start",
      () => {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error("exited");
        return output.text.includes(ready);
      },
      { limit_ms: 30_000 },
    );
  } catch {
    child.kill("SIGKILL");
    running.delete(child);
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
    throw new StartFailure(child.exitCode, output.text);
  }
  return new Server(wanted, wanted === "redis" ? port : announcedPort(output.text), folder, child, output, adminPort);
}

/** Runs the target's program to its end, for options that make it refuse to start. */
export async function runServer(
  args: readonly string[],
  limit_ms = 20_000,
): Promise<{ exitCode: number; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), "zedis-test-"));
  const child = Bun.spawn({
    cmd: [...program(isOracle ? "redis" : "zedis"), ...args],
    cwd: folder,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  endWithThisProcess(child);
  const output = new Output();
  output.follow(child.stdout);
  output.follow(child.stderr);
  try {
    const exitCode = await within(limit_ms, "the program's end", child.exited);
    await output.complete();
    return { exitCode, output: output.text };
  } finally {
    child.kill("SIGKILL");
    running.delete(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A port that was free a moment ago, for programs that cannot report the one they chose. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** Ends what tests that failed before their `stop` have left running. Called after the last test of a run. */
export function stopLeftovers(): void {
  for (const server of running) server.kill("SIGKILL");
  running.clear();
}

const root = join(import.meta.dir, "..", "..");
const running = new Set<Subprocess>();
let endsWithThisProcess = false;

function program(kind: "zedis" | "redis", [path = "src/main.ts", ...args]: readonly string[] = []): string[] {
  if (kind === "zedis") return [process.execPath, join(root, path), ...args, ...extraOptions];
  const oracle = oraclePath();
  if (oracle === null) throw new Error("no redis-server or valkey-server on this machine");
  return [oracle];
}

function announcedPort(text: string): number {
  const port = /listening on [\d.]+:(\d+)/.exec(text)?.[1];
  if (port === undefined) throw new Error(`the server did not say on which port it listens:\n${text}`);
  return Number(port);
}

/** A test process that ends early must not leave servers behind. */
function endWithThisProcess(child: Subprocess): void {
  running.add(child);
  if (endsWithThisProcess) return;
  endsWithThisProcess = true;
  process.on("exit", stopLeftovers);
}

class Output {
  text = "";
  #streams: Promise<void>[] = [];

  follow(stream: ReadableStream<Uint8Array>): void {
    this.#streams.push(this.#read(stream));
  }

  async complete(): Promise<void> {
    await Promise.all(this.#streams);
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.text = (this.text + decoder.decode(chunk, { stream: true })).slice(-262_144);
    }
  }
}
