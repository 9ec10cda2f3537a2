/** Builds and runs `bench/loadgen`, the load generator, pinned to the client's CPU. */

import { join } from "node:path";

export type Load = {
  /** Several: requests take turns. The marks are those of loadgen/src/template.rs. */
  readonly template: string | readonly string[];
  readonly connections?: number;
  readonly pipeline?: number;
  readonly keys?: number;
  readonly sequential?: boolean;
  readonly seconds?: number;
  readonly requests?: number;
  /** Requests per second of an open loop; latencies then count from when a request was due. */
  readonly rate?: number;
  readonly background?: string;
  /** This many more connections send `command` and are to get one message for every request answered. */
  readonly listeners?: { readonly command: string; readonly count: number };
  /** Reply kinds that are right, as loadgen names them: `simple,integer,bulk,null,…`. */
  readonly expect?: string;
};

export type LoadResult = {
  readonly requests: number;
  readonly seconds: number;
  readonly rps: number;
  readonly latency_us: {
    readonly mean: number;
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly p999: number;
    readonly max: number;
  };
  readonly replies: Readonly<Record<string, number>>;
  readonly background_ms?: readonly number[];
  readonly server_cpu_us?: number;
  readonly server_busy?: number;
  readonly client_cpu_us: number;
  readonly client_busy: number;
};

const CRATE = join(import.meta.dir, "loadgen");
const BINARY = join(CRATE, "target/release/loadgen");

/** Builds the load generator when its sources changed. Throws with the remedy when there is no Rust toolchain. */
export function buildLoadgen(): void {
  if (Bun.which("cargo") === null)
    throw new Error("the load generator needs cargo: install Rust from https://rustup.rs");
  const build = Bun.spawnSync(
    ["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", join(CRATE, "target")],
    { cwd: CRATE, stdout: "inherit", stderr: "inherit" },
  );
  if (build.exitCode !== 0) throw new Error("the load generator does not build");
}

/** The program that polls over HTTP; see loadgen/src/bin/http-poll.rs. */
export const HTTP_POLL = join(CRATE, "target/release/http-poll");

/** Runs one load against the server at `port`. Throws when a reply was an error or not of the expected kind. */
export async function runLoad(port: number, pid: number, cpu: number | null, load: Load): Promise<LoadResult> {
  const args = ["--port", String(port), "--server-pid", String(pid)];
  for (const template of [load.template].flat()) args.push("--template", template);
  if (load.connections !== undefined) args.push("--connections", String(load.connections));
  if (load.pipeline !== undefined) args.push("--pipeline", String(load.pipeline));
  if (load.keys !== undefined) args.push("--keys", String(load.keys));
  if (load.sequential) args.push("--sequential");
  if (load.seconds !== undefined) args.push("--seconds", String(load.seconds));
  if (load.requests !== undefined) args.push("--requests", String(load.requests));
  if (load.rate !== undefined) args.push("--rate", String(load.rate));
  if (load.background !== undefined) args.push("--background", load.background);
  if (load.listeners !== undefined)
    args.push("--listen", load.listeners.command, "--listeners", String(load.listeners.count));
  if (load.expect !== undefined) args.push("--expect", load.expect);
  const pinned = cpu === null ? [BINARY, ...args] : ["taskset", "-c", String(cpu), BINARY, ...args];
  const process = Bun.spawn(pinned, { stdout: "pipe", stderr: "inherit" });
  const text = await new Response(process.stdout).text();
  await process.exited;
  if (text === "") throw new Error(`loadgen ended with ${process.exitCode} and printed nothing`);
  const result = JSON.parse(text) as LoadResult & { failed?: string };
  if (result.failed !== undefined) throw new Error(`${load.template}: ${result.failed}`);
  return result;
}
