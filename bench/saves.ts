/**
 * `bun bench/saves.ts`: snapshots of N keys here and in redis-server: how long one takes to write and to load, what memory it takes
 * meanwhile, and how long a SET waits while it is written. Prints Markdown.
 *
 *     bun bench/saves.ts --keys 5000000 --rounds 3
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { show, textOf } from "../test/harness/resp.ts";
import { until } from "../test/harness/wait.ts";
import { Wire } from "../test/harness/wire.ts";

const { values } = parseArgs({
  options: {
    keys: { type: "string", default: "5000000" },
    rounds: { type: "string", default: "3" },
    cores: { type: "string", default: "1" },
  },
});
const keys = Number(values.keys);
const root = join(import.meta.dir, "..");

interface Figures {
  readonly save: number;
  readonly load: number;
  readonly megabytes: number;
  /** Of resident memory, while a snapshot is written under writes, per cent. */
  readonly extra: number;
  readonly quietP99: number;
  readonly savingP99: number;
}

async function measure(kind: "zedis" | "redis", firstPort: number): Promise<Figures> {
  const dir = mkdtempSync(join(tmpdir(), "zedis-saves-"));
  const program =
    kind === "zedis"
      ? [process.execPath, join(root, "src/main.ts"), "--cores", values.cores, "--admin-port", "0"]
      : ["redis-server", "--enable-debug-command", "yes"];
  // The kernel may hold the port of a process that was killed for a moment.
  let port = firstPort;
  const begin = async (): Promise<{ wire: Wire; pid: number; stop: () => Promise<void>; seconds: number }> => {
    const began = Date.now();
    const child = Bun.spawn({
      cmd: [
        ...program,
        "--port",
        String(port),
        "--bind",
        "127.0.0.1",
        "--dir",
        dir,
        "--save",
        "",
        "--enable-debug-command",
        "yes",
      ],
      stdout: "ignore",
      stderr: "ignore",
    });
    let wire: Wire | null = null;
    await until(
      "the server",
      async () => {
        try {
          wire ??= await Wire.connect({ hostname: "127.0.0.1", port });
          return show(await wire.call("PING")) === "+PONG";
        } catch {
          return false;
        }
      },
      { limit_ms: 300_000 },
    );
    const seconds = (Date.now() - began) / 1000;
    const stop = async () => {
      child.kill("SIGKILL");
      await child.exited;
    };
    return { wire: wire as unknown as Wire, pid: child.pid, stop, seconds };
  };
  /** Resident bytes of the process and, in redis-server, of the one that it forks. */
  const resident = async (pid: number): Promise<number> => {
    const own = async (id: string) => {
      const text = await Bun.file(`/proc/${id}/smaps_rollup`)
        .text()
        .catch(() => "");
      return Number(/Pss:\s+(\d+)/.exec(text)?.[1] ?? 0) * 1024;
    };
    const children = (await Bun.file(`/proc/${pid}/task/${pid}/children`).text()).trim().split(" ").filter(Boolean);
    const all = await Promise.all([String(pid), ...children].map(own));
    return all.reduce((sum, bytes) => sum + bytes, 0);
  };
  const p99 = async (): Promise<number> => {
    const run = Bun.spawn({
      cmd: ["redis-benchmark", "-p", String(port), "-t", "set", "-n", "60000", "-c", "20", "-r", String(keys), "--csv"],
      stdout: "pipe",
    });
    const line = (await new Response(run.stdout).text()).trim().split("\n").at(-1) ?? "";
    return Number(line.split('","')[6]) * 1000;
  };
  const first = await begin();
  await first.wire.call(["DEBUG", "POPULATE", String(keys)]);
  const field = async (name: string) =>
    new RegExp(`${name}:(.*)\r`).exec(textOf(await first.wire.call("INFO persistence")))?.[1] ?? "";
  const bgsave = async (): Promise<number> => {
    const began = Date.now();
    await first.wire.call("BGSAVE");
    await until("the snapshot", async () => (await field("rdb_bgsave_in_progress")) === "0", { limit_ms: 300_000 });
    return (Date.now() - began) / 1000;
  };
  await p99();
  const quietP99 = await p99();
  const save = await bgsave();
  const before = await resident(first.pid);
  let most = 0;
  const saving = bgsave();
  const watching = (async () => {
    while ((await field("rdb_bgsave_in_progress")) === "1") {
      most = Math.max(most, await resident(first.pid));
      await Bun.sleep(100);
    }
  })();
  const savingP99 = await p99();
  await Promise.all([saving, watching]);
  const megabytes = statSync(join(dir, "dump.rdb")).size / 1e6;
  await first.stop();
  port++;
  const again = await begin();
  await again.stop();
  rmSync(dir, { recursive: true, force: true });
  return {
    save,
    load: again.seconds,
    megabytes,
    extra: Math.max(0, (100 * (most - before)) / before),
    quietP99,
    savingP99,
  };
}

const median = (all: readonly number[]): number =>
  [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
const rounds: { zedis: Figures; redis: Figures }[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  rounds.push({
    zedis: await measure("zedis", 17_001 + 10 * round),
    redis: await measure("redis", 17_005 + 10 * round),
  });
}
const row = (title: string, of: (figures: Figures) => number, digits = 2): void => {
  const [a, b] = [median(rounds.map(({ zedis }) => of(zedis))), median(rounds.map(({ redis }) => of(redis)))];
  console.log(`| ${title} | ${a.toFixed(digits)} | ${b.toFixed(digits)} | ${(b / a).toFixed(2)} |`);
};
console.log(`${keys} keys, medians of ${values.rounds}\n\n| | Zedis | redis-server | × |\n|---|--:|--:|--:|`);
row("BGSAVE, s", ({ save }) => save);
row("start with the file, s", ({ load }) => load);
row("file, MB", ({ megabytes }) => megabytes);
row("memory more while it is written under writes, %", ({ extra }) => extra, 1);
row("SET p99, quiet, µs", ({ quietP99 }) => quietP99, 0);
row("SET p99 while it is written, µs", ({ savingP99 }) => savingP99, 0);
