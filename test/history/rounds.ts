/** One round of every workload against a fresh server, judged. */
import { startServer } from "../harness/server.ts";
import { checkHistory, showAnomalies } from "./check.ts";
import { runListAppend } from "./list-append.ts";
import { checkQueues, runQueues } from "./queues.ts";
import { checkRegisters, runRegisters } from "./registers.ts";

export interface Round {
  readonly seed: number;
  /** How long each of the three workloads runs. */
  readonly duration_ms: number;
  /** Options of the server. */
  readonly options: Readonly<Record<string, string>>;
}

export interface Verdict {
  /** What was judged, as counts. */
  readonly transactions: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly registers: number;
  readonly elements: number;
  /** Every anomaly as text; empty where there is none. */
  readonly text: string;
}

/** Clients at the same time. */
export const CLIENTS = 16;

export async function runRound({ seed, duration_ms, options }: Round): Promise<Verdict> {
  const server = await startServer({ kind: "zedis", options });
  try {
    const workload = { address: server.address, seed, clients: CLIENTS, duration_ms, kills: true };
    const history = await runListAppend(workload);
    const registers = await runRegisters(workload);
    const queues = await runQueues(workload);
    const parts = [
      showAnomalies(checkHistory(history)),
      checkRegisters(registers).slice(0, 3).join("\n"),
      showAnomalies(checkQueues(queues)),
    ];
    const outcomes: Record<string, number> = {};
    for (const { label, outcome } of history)
      outcomes[`${label}: ${outcome}`] = (outcomes[`${label}: ${outcome}`] ?? 0) + 1;
    return {
      transactions: history.length,
      outcomes,
      registers: registers.size,
      elements: queues.pushes.length,
      text: parts.filter((part) => part !== "").join("\n"),
    };
  } finally {
    await server.stop();
  }
}
