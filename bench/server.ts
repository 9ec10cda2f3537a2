/** Starts the two servers of a comparison, each pinned to the server's CPU, and stops them by pid. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Reply, show } from "../test/harness/resp.ts";
import { Wire } from "../test/harness/wire.ts";

/** How a side of the comparison is started: `{port}` in the command is replaced. */
export type ServerCommand = { readonly label: string; readonly command: string };

const ROOT = join(import.meta.dir, "..");
const READY_MS_MAX = 20_000;

/** Zedis with persistence off; `cores` null leaves its own default, one per CPU. */
export function zedisCommand(cores: number | null): ServerCommand {
  const count = cores === null ? "" : ` --cores ${cores}`;
  return {
    label: "Zedis",
    command: `bun ${ROOT}/src/main.ts --port {port}${count} --save '' --appendonly no --admin-port 0`,
  };
}

/** The redis-server or valkey-server on this machine with persistence off, or null. */
export function findReference(): ServerCommand | null {
  for (const name of ["redis-server", "valkey-server"]) {
    const path = Bun.which(name);
    if (path === null) continue;
    return peerCommand(path);
  }
  return null;
}

/** The server program at `path`, a Redis or one of its kind, with persistence off. */
export function peerCommand(path: string): ServerCommand {
  const version = /v=(\S+)/.exec(Bun.spawnSync([path, "--version"]).stdout.toString())?.[1] ?? "?";
  return {
    label: `${basename(path)} ${version}`,
    command: `${path} --port {port} --bind 127.0.0.1 --save '' --appendonly no`,
  };
}

export class Server {
  private constructor(
    readonly label: string,
    readonly port: number,
    private readonly wire: Wire,
    /** ms from spawn to the first PONG. */
    readonly startMs: number,
    private readonly process: Bun.Subprocess,
    private readonly directory: string,
  ) {}

  /** Resolves when the server answers PING. Throws, with what it printed, when it ends or takes over 20 s. */
  static async start(what: ServerCommand, cpu: number | null): Promise<Server> {
    const port = await freePort();
    const directory = mkdtempSync(join(tmpdir(), "zedis-bench-"));
    const pin = cpu === null ? "" : `taskset -c ${cpu} `;
    const log = join(directory, "server.log");
    const started = performance.now();
    // exec: the pid is the server's own, not the shell's.
    const process = Bun.spawn(["sh", "-c", `exec ${pin}${what.command.replaceAll("{port}", String(port))}`], {
      cwd: directory,
      // As it is now, not as it was when this program began.
      env: { ...globalThis.process.env },
      stdin: "ignore",
      stdout: Bun.file(log),
      stderr: Bun.file(log),
    });
    while (!(await answersPing(port))) {
      if (process.exitCode !== null || performance.now() - started > READY_MS_MAX) {
        process.kill("SIGKILL");
        await process.exited;
        throw new Error(`${what.label} does not answer on port ${port}; it printed:\n${readFileSync(log, "utf8")}`);
      }
      await Bun.sleep(1);
    }
    const startMs = performance.now() - started;
    const wire = await Wire.connect({ hostname: "127.0.0.1", port }).catch((error: unknown) => {
      process.kill("SIGKILL");
      throw error;
    });
    return new Server(what.label, port, wire, startMs, process, directory);
  }

  get pid(): number {
    return this.process.pid;
  }

  /** One command on the side, outside every measurement under load. Throws what the server refuses. */
  async command(...args: string[]): Promise<Reply> {
    const reply = await this.wire.call(args);
    if (reply.kind === "error") throw new Error(`${this.label}: ${args[0]} ${args[1] ?? ""}: ${reply.text}`);
    return reply;
  }

  /** An integer reply of `command`. */
  async count(...args: string[]): Promise<number> {
    const reply = await this.command(...args);
    if (reply.kind !== "integer") throw new Error(`${this.label}: ${args[0]} replied ${show(reply)}`);
    return Number(reply.value);
  }

  /** Resident memory, bytes. */
  residentBytes(): number {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))?.[1];
    if (kib === undefined) throw new Error(`${this.label} is gone`);
    return Number(kib) * 1024;
  }

  /** Keeps the server off its CPU while the other one is measured. */
  pause(): void {
    this.process.kill("SIGSTOP");
  }

  resume(): void {
    this.process.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    this.resume();
    this.process.kill("SIGTERM");
    const timer = setTimeout(() => this.process.kill("SIGKILL"), 5_000);
    await this.process.exited;
    clearTimeout(timer);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const probe = createServer();
  probe.once("error", reject);
  probe.listen(0, "127.0.0.1", () => {
    const address = probe.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    probe.close(() => resolve(port));
  });
  return promise;
}

async function answersPing(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  try {
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_, chunk) => resolve(chunk.toString("latin1").startsWith("+PONG")),
        close: () => resolve(false),
        error: () => resolve(false),
      },
    });
    socket.write("PING\r\n");
    const answered = await Promise.race([promise, Bun.sleep(1_000).then(() => false)]);
    socket.end();
    return answered;
  } catch {
    return false;
  }
}
