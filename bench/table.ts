/** Measurements as Markdown, each with its target and whether it was reached. */

import type { LoadMetric } from "./load-rows.ts";
import type { LoadResult } from "./loadgen.ts";
import type { LoadMeasurement } from "./measure-load.ts";
import type { SingleRow } from "./single-rows.ts";
import { ratioOf, type Spread, spreadOf } from "./statistics.ts";

export type SingleMeasurement = {
  readonly row: SingleRow;
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly failed: string | null;
};

export type Verdict = "reached" | "missed" | "failed" | "info";

/** A server below this share of its CPU was waiting for the client: its rate is a lower bound. */
const SATURATED = 0.93;

export function loadTable(measurements: readonly LoadMeasurement[], labels: readonly [string, string]): string {
  const [a, b] = labels;
  const lines = [
    `| work | ${a} k/s | ${b} k/s | rate × (spread) | ${a} CPU µs | ${b} CPU µs | CPU × (spread) | p99 µs | target | |`,
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|",
  ];
  for (const measurement of measurements) lines.push(loadLine(measurement));
  return lines.join("\n");
}

export function singleTable(measurements: readonly SingleMeasurement[], labels: readonly [string, string]): string {
  const lines = [`| figure | ${labels[0]} (spread) | ${labels[1]} (spread) | target | |`, "|---|--:|--:|--:|---|"];
  for (const { row, a, b, failed } of measurements) {
    const target = row.atMost === null ? "" : `≤ ${row.atMost} ${row.unit}`;
    const cell = (rounds: readonly number[]) => (rounds.length === 0 ? "" : withSpread(spreadOf(rounds), row.unit));
    const verdict = mark(singleVerdict({ row, a, b, failed }), failed);
    lines.push(`| ${row.title} | ${cell(a)} | ${cell(b)} | ${target} | ${verdict} |`);
  }
  return lines.join("\n");
}

export function loadVerdict({ row, a, b, failed }: LoadMeasurement): Verdict {
  if (failed !== null) return "failed";
  if (row.target === null) return "info";
  const { median } = ratioOf(pick(a, row.target.metric), pick(b, row.target.metric));
  const { atLeast, atMost } = row.target;
  const missed = (atLeast !== undefined && median < atLeast) || (atMost !== undefined && median > atMost);
  return missed ? "missed" : "reached";
}

export function singleVerdict({ row, a, failed }: SingleMeasurement): Verdict {
  if (failed !== null) return "failed";
  if (row.atMost === null || a.length === 0) return "info";
  return spreadOf(a).median > row.atMost ? "missed" : "reached";
}

function loadLine(measurement: LoadMeasurement): string {
  const { row, a, b, failed } = measurement;
  if (a.length === 0 || b.length === 0) {
    return `| ${row.title} | | | | | | | | ${targetText(row.target)} | ${mark("failed", failed)} |`;
  }
  const rate = (side: readonly LoadResult[]) => (spreadOf(pick(side, "rps")).median / 1000).toFixed(0) + starved(side);
  const cpu = (side: readonly LoadResult[]) => spreadOf(pick(side, "server_cpu_us")).median.toFixed(2);
  const p99 = (side: readonly LoadResult[]) => spreadOf(side.map((r) => r.latency_us.p99)).median.toFixed(0);
  const ratio = (metric: LoadMetric) => withSpread(ratioOf(pick(a, metric), pick(b, metric)), "");
  return `| ${row.title} | ${rate(a)} | ${rate(b)} | ${ratio("rps")} | ${cpu(a)} | ${cpu(b)} | ${ratio("server_cpu_us")} | ${p99(a)} / ${p99(b)} | ${targetText(row.target)} | ${mark(loadVerdict(measurement), failed)} |`;
}

function pick(side: readonly LoadResult[], metric: LoadMetric): number[] {
  return side.map((result) => (metric === "rps" ? result.rps : (result.server_cpu_us ?? Number.NaN)));
}

function starved(side: readonly LoadResult[]): string {
  return spreadOf(side.map((result) => result.server_busy ?? 1)).median < SATURATED ? " °" : "";
}

function targetText(target: LoadMeasurement["row"]["target"]): string {
  if (target === null) return "";
  const what = target.metric === "rps" ? "rate" : "CPU";
  return target.atMost === undefined ? `${what} ≥ ${target.atLeast} ×` : `${what} ≤ ${target.atMost} ×`;
}

function withSpread({ median, min, max }: Spread, unit: string): string {
  const digits = Math.abs(median) >= 100 ? 0 : Math.abs(median) >= 10 ? 1 : 2;
  const suffix = unit === "" ? "" : ` ${unit}`;
  return `${median.toFixed(digits)}${suffix} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}

function mark(verdict: Verdict, failed: string | null): string {
  if (verdict === "failed") return `FAILED: ${(failed ?? "").replaceAll("|", "\\|").replaceAll("\n", " ")}`;
  return verdict === "info" ? "" : verdict === "reached" ? "✔" : "✘ missed";
}
