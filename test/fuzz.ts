/**
 * `bun run fuzz`: every fuzz target long, one after the other, and then a million mutated requests against a live server. Ends
 * with a non-zero exit code at the first failure. FUZZ_SEED, FUZZ_ROUNDS (of each target) and FUZZ_REQUESTS repeat or change a
 * run; words after it choose: `bun run fuzz native`, `runtime`, `config`, `server`.
 */
import { join, resolve } from "node:path";
import { fuzzRequests } from "./protocol/fuzz.ts";

const root = resolve(import.meta.dir, "..");

/** More than the memory of a server may grow from its first requests to its last: what garbage collectors hold at a time. */
const growthMax = 128 * 2 ** 20;

interface Target {
  readonly name: string;
  run(): Promise<string | null>;
}

/** Runs a test command to its end with the seed; null or what went wrong. */
async function tests(command: readonly string[], seed: number, rounds: number, folder = root): Promise<string | null> {
  const words = { FUZZ_SEED: String(seed), FUZZ_ROUNDS: String(rounds) };
  const env = { ...process.env, ...words, ZEDIS_FUZZ_SEED: words.FUZZ_SEED, ZEDIS_FUZZ_ROUNDS: words.FUZZ_ROUNDS };
  const child = Bun.spawn([...command], { cwd: folder, env, stdout: "inherit", stderr: "inherit" });
  const code = await child.exited;
  return code === 0 ? null : `${command.join(" ")} ended with ${code}`;
}

async function server(seed: number, requests: number): Promise<string | null> {
  const start = performance.now();
  const report = await fuzzRequests(seed, requests, console.log);
  const growth = report.usedAfter - report.usedBefore;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const memory = `${growth >= 0 ? "+" : ""}${(growth / 2 ** 20).toFixed(1)} MiB`;
  console.log(
    `${report.requests} requests sent, ${report.executed} commands executed, ${report.errors} errors replied, ` +
      `${report.connections} connections, ${seconds} s, memory ${memory}`,
  );
  return growth <= growthMax ? null : `the server's memory grew by ${memory}`;
}

if (import.meta.main) {
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
  const requests = Number(process.env.FUZZ_REQUESTS ?? 1_000_000);
  const rounds = (usual: number): number => Number(process.env.FUZZ_ROUNDS ?? usual);
  const bun = process.execPath;
  const cargo = Bun.which("cargo") ?? join(process.env.HOME ?? "/", ".cargo", "bin", "cargo");
  const native = [cargo, "test", "--locked", "--lib", "fuzz::", "--", "--nocapture"];
  const targets: readonly Target[] = [
    { name: "native", run: () => tests(native, seed, rounds(100_000), join(root, "native")) },
    { name: "runtime", run: () => tests([bun, "test", "test/procedures/fuzz.test.ts"], seed, rounds(10_000)) },
    { name: "config", run: () => tests([bun, "test", "src/config/parse.fuzz.test.ts"], seed, rounds(50_000)) },
    { name: "server", run: () => server(seed, requests) },
  ];
  const wanted = process.argv.slice(2);
  for (const word of wanted) {
    if (!targets.some((target) => target.name === word)) throw new Error(`there is no fuzz target '${word}'`);
  }
  console.log(`FUZZ_SEED=${seed} FUZZ_REQUESTS=${requests}`);
  for (const { name, run } of targets) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.log(`--- ${name}`);
    const failure = await run();
    if (failure === null) continue;
    console.error(`${name}: ${failure}; repeat with FUZZ_SEED=${seed} bun run fuzz ${name}`);
    process.exit(1);
  }
}
