/** `bun run fuzz`: a million mutated requests against a live server. FUZZ_SEED and FUZZ_REQUESTS repeat or change a run. */
import { fuzzRequests } from "./protocol/fuzz.ts";

if (import.meta.main) {
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
  const requests = Number(process.env.FUZZ_REQUESTS ?? 1_000_000);
  console.log(`FUZZ_SEED=${seed} FUZZ_REQUESTS=${requests}`);
  const start = performance.now();
  const report = await fuzzRequests(seed, requests, console.log);
  const growth = report.residentAfter - report.residentBefore;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${report.requests} requests, ${report.connections} connections, ${seconds} s, memory ${growth >= 0 ? "+" : ""}${(growth / 2 ** 20).toFixed(1)} MiB`,
  );
  if (growth > 128 * 2 ** 20) throw new Error(`the server's memory grew by ${growth} bytes; FUZZ_SEED=${seed}`);
}
