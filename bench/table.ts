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
  readonly peer: readonly number[];
  readonly failed: string | null;
};

export type Verdict = "reached" | "missed" | "failed" | "info";

/** A figure that is to be no more than theirs may be so much more: what is the same to two digits is the same. */
const SAME = 1.01;

/** A server below this share of its CPU was waiting for the client: its rate is a lower bound. */
const SATURATED = 0.93;

export type Labels = { readonly a: string; readonly b: string; readonly peer: string | null };

export function loadTable(measurements: readonly LoadMeasurement[], { a, b, peer }: Labels): string {
  const beside = peer === null ? "" : ` ${peer} k/s | rate × | ${peer} CPU µs | CPU × |`;
  const lines = [
    `| work | ${a} k/s | ${b} k/s | rate × (spread) | ${a} CPU µs | ${b} CPU µs | CPU × (spread) | p99 µs |${beside} target | |`,
    `|---|--:|--:|--:|--:|--:|--:|--:|${peer === null ? "" : "--:|--:|--:|--:|"}--:|---|`,
  ];
  for (const measurement of measurements) lines.push(loadLine(measurement, peer !== null));
  return lines.join("\n");
}

export function singleTable(measurements: readonly SingleMeasurement[], labels: Labels): string {
  const beside = labels.peer === null ? "" : ` ${labels.peer} (spread) |`;
  const lines = [
    `| figure | ${labels.a} (spread) | ${labels.b} (spread) |${beside} target | |`,
    `|---|--:|--:|${labels.peer === null ? "" : "--:|"}--:|---|`,
  ];
  for (const measurement of measurements) {
    const { row, a, b, peer, failed } = measurement;
    const target = row.atMostTheirs ? "≤ theirs + 1 %" : row.atMost === null ? "" : `≤ ${row.atMost} ${row.unit}`;
    const cell = (rounds: readonly number[]) => (rounds.length === 0 ? "" : withSpread(spreadOf(rounds), row.unit));
    const verdict = mark(singleVerdict(measurement), failed);
    const besides = labels.peer === null ? "" : ` ${cell(peer)} |`;
    lines.push(`| ${row.title} | ${cell(a)} | ${cell(b)} |${besides} ${target} | ${verdict} |`);
  }
  return lines.join("\n");
}

/** With a peer, the target holds against both. */
export function loadVerdict({ row, a, b, peer, failed }: LoadMeasurement): Verdict {
  if (failed !== null) return "failed";
  if (row.target === null) return "info";
  const { metric, atLeast, atMost } = row.target;
  const missed = [b, peer].some((other) => {
    if (other.length === 0) return false;
    const { median } = ratioOf(pick(a, metric), pick(other, metric));
    return (atLeast !== undefined && median < atLeast) || (atMost !== undefined && median > atMost);
  });
  return missed ? "missed" : "reached";
}

export function singleVerdict({ row, a, b, peer, failed }: SingleMeasurement): Verdict {
  if (failed !== null) return "failed";
  const limits = row.atMostTheirs
    ? [b, peer].filter((other) => other.length > 0).map((other) => spreadOf(other).median * SAME)
    : row.atMost === null
      ? []
      : [row.atMost];
  if (limits.length === 0 || a.length === 0) return "info";
  return spreadOf(a).median > Math.min(...limits) ? "missed" : "reached";
}

function loadLine(measurement: LoadMeasurement, withPeer: boolean): string {
  const { row, a, b, peer, failed } = measurement;
  if (a.length === 0 || b.length === 0 || (withPeer && peer.length === 0)) {
    const empty = " |".repeat(withPeer ? 11 : 7);
    return `| ${row.title} |${empty} ${targetText(row.target)} | ${mark("failed", failed)} |`;
  }
  const rate = (side: readonly LoadResult[]) => rateText(spreadOf(pick(side, "rps")).median) + starved(side);
  const cpu = (side: readonly LoadResult[]) => spreadOf(pick(side, "server_cpu_us")).median.toFixed(2);
  const p99 = (side: readonly LoadResult[]) => spreadOf(side.map((r) => r.latency_us.p99)).median.toFixed(0);
  const ratio = (other: readonly LoadResult[], metric: LoadMetric) =>
    withSpread(ratioOf(pick(a, metric), pick(other, metric)), "");
  const beside = withPeer
    ? ` ${rate(peer)} | ${ratio(peer, "rps")} | ${cpu(peer)} | ${ratio(peer, "server_cpu_us")} |`
    : "";
  return `| ${row.title} | ${rate(a)} | ${rate(b)} | ${ratio(b, "rps")} | ${cpu(a)} | ${cpu(b)} | ${ratio(b, "server_cpu_us")} | ${p99(a)} / ${p99(b)} |${beside} ${targetText(row.target)} | ${mark(loadVerdict(measurement), failed)} |`;
}

/** Thousands a second; below ten of them with decimals. */
function rateText(rps: number): string {
  return (rps / 1000).toFixed(rps < 1_000 ? 2 : rps < 10_000 ? 1 : 0);
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
