import { expect, test } from "bun:test";
import { LOAD_ROWS, type LoadRow } from "./load-rows.ts";
import type { LoadResult } from "./loadgen.ts";
import { SINGLE_ROWS, type SingleRow } from "./single-rows.ts";
import { ratioOf, spreadOf } from "./statistics.ts";
import { loadTable, loadVerdict, singleTable, singleVerdict } from "./table.ts";

const LABELS = { a: "Zedis", b: "redis", peer: null };

function result(rps: number, cpuUs: number, busy = 1): LoadResult {
  const latency_us = { mean: 1, p50: 1, p90: 2, p99: 3, p999: 4, max: 5 };
  const counts = { requests: 1000, seconds: 1, replies: { bulk: 1000 } };
  return { ...counts, rps, latency_us, server_cpu_us: cpuUs, server_busy: busy, client_cpu_us: 0.1, client_busy: 0.1 };
}

function loadRow(name: string): LoadRow {
  const row = LOAD_ROWS.find((each) => each.name === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return row;
}

function singleRow(name: string): SingleRow {
  const row = SINGLE_ROWS.find((each) => each.name === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return row;
}

test("a median lies in the middle, between the two middle values of an even count", () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
  expect(() => spreadOf([])).toThrow("no rounds");
});

test("a round in which both sides were disturbed does not move the ratio", () => {
  expect(ratioOf([200, 20, 210], [100, 10, 100])).toEqual({ median: 2, min: 2, max: 2.1 });
});

test("names of rows are unique, and every target of the comparison is one-sided", () => {
  const names = [...LOAD_ROWS, ...SINGLE_ROWS].map((row) => row.name);
  expect(new Set(names).size).toBe(names.length);
  for (const { target } of LOAD_ROWS) {
    if (target !== null) expect((target.atMost === undefined) !== (target.atLeast === undefined)).toBe(true);
  }
});

test("a rate is judged by the ratio of rates, CPU by the ratio of CPU", () => {
  const [deep, single] = [loadRow("get-p16"), loadRow("get-p1")];
  const redis = [result(100, 1)];
  expect(loadVerdict({ row: deep, a: [result(200, 9)], b: redis, peer: [], failed: null })).toBe("reached");
  expect(loadVerdict({ row: deep, a: [result(199, 0.1)], b: redis, peer: [], failed: null })).toBe("missed");
  expect(loadVerdict({ row: single, a: [result(10, 0.95)], b: redis, peer: [], failed: null })).toBe("reached");
  expect(loadVerdict({ row: single, a: [result(900, 0.96)], b: redis, peer: [], failed: null })).toBe("missed");
});

test("a row that failed is neither reached nor missed, and says why in the table", () => {
  const measurement = {
    row: loadRow("get-p16"),
    a: [],
    b: [],
    peer: [],
    failed: "3 error replies, the first: ERR a|b",
  };
  expect(loadVerdict(measurement)).toBe("failed");
  expect(loadTable([measurement], LABELS)).toContain("FAILED: 3 error replies, the first: ERR a\\|b");
});

test("a server that was not saturated is marked", () => {
  const row = loadRow("get-p1");
  const table = loadTable([{ row, a: [result(5000, 1, 0.5)], b: [result(4000, 1)], peer: [], failed: null }], LABELS);
  expect(table).toContain("| 5.0 ° | 4.0 |");
});

test("single figures are judged on side A alone, and shown for both", () => {
  const row = singleRow("memory");
  const measurement = { row, a: [58, 59, 61], b: [130, 130, 130], peer: [], failed: null };
  expect(singleVerdict(measurement)).toBe("reached");
  expect(singleVerdict({ ...measurement, a: [61] })).toBe("missed");
  expect(singleVerdict({ ...measurement, a: [] })).toBe("info");
  expect(singleTable([measurement], LABELS)).toContain("| 59.0 B (58.0–61.0) | 130 B (130–130) | ≤ 60 B | ✔ |");
});

test("with a peer a rate is to reach its target against both, and both stand in the table", () => {
  const [row, a, b] = [loadRow("get-p16"), [result(210, 1)], [result(100, 1)]];
  expect(loadVerdict({ row, a, b, peer: [result(105, 1)], failed: null })).toBe("reached");
  expect(loadVerdict({ row, a, b, peer: [result(106, 1)], failed: null })).toBe("missed");
  const table = loadTable([{ row, a, b, peer: [result(106, 1)], failed: null }], { ...LABELS, peer: "valkey" });
  const columns = table.split("\n").map((line) => line.split("|").length);
  expect(new Set(columns).size).toBe(1);
  expect(table).toContain("1.98 (1.98–1.98)");
});

test("a figure that is to be no more than theirs is judged by the better of both", () => {
  const row = singleRow("memory-list");
  const judge = (a: number) => singleVerdict({ row, a: [a], b: [20], peer: [18], failed: null });
  expect([judge(18), judge(19), judge(21)]).toEqual(["reached", "missed", "missed"]);
});
