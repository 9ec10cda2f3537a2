/**
 * `--intrinsic-latency <seconds>`: how long this machine keeps a thread that only computes from going on. No server is asked: one on the
 * same machine cannot answer faster than that. What takes time here is the system, a hypervisor, other programs; and this program's own
 * compiler in the first moments, which are not counted.
 */
import type { Terminal } from "./terminal.ts";

const WARM_MS = 200;
/** Numbers mixed between two looks at the clock: some microseconds. */
const ROUNDS = 2_000;

export interface Intrinsic {
  readonly runs: number;
  readonly totalNs: number;
  readonly worstNs: number;
}

/** Computes for so long; `onWorse` is told each time that something took longer than anything before, in microseconds. */
export function intrinsicLatency(ms: number, onWorse: (us: number) => void, clock = Bun.nanoseconds): Intrinsic {
  for (const until = clock() + WARM_MS * 1e6; clock() < until; ) work();
  let [runs, worstNs, saidUs] = [0, 0, 0];
  const began = clock();
  const until = began + ms * 1e6;
  let before = began;
  while (before < until) {
    work();
    const now = clock();
    if (now - before > worstNs) worstNs = now - before;
    before = now;
    runs++;
    const us = Math.floor(worstNs / 1000);
    if (us <= saidUs) continue;
    saidUs = us;
    onWorse(us);
    // What telling took is not what is measured.
    before = clock();
  }
  return { runs, totalNs: before - began, worstNs };
}

/** Prints as redis-cli does. */
export function showIntrinsicLatency(seconds: number, { out }: Terminal): void {
  const found = intrinsicLatency(seconds * 1000, (us) => out(`Max latency so far: ${us} microseconds.\n`));
  const meanUs = found.totalNs / found.runs / 1000;
  out(
    `\n${found.runs} total runs (avg latency: ${meanUs.toFixed(4)} microseconds / ${(meanUs * 1000).toFixed(2)} nanoseconds per run).\n` +
      `Worst run took ${(found.worstNs / 1000 / meanUs).toFixed(0)}x longer than the average latency.\n`,
  );
}

/** Kept, so that nobody finds that the work is for nothing. */
let mixed = 1;

function work(): void {
  for (let at = 0; at < ROUNDS; at++) mixed = (Math.imul(mixed, 1_103_515_245) + 12_345) | 0;
}
