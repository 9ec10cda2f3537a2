/** /metrics: INFO and the figures of functions as Prometheus text, under the names of redis_exporter and as zedis_procedure_*. */
import type { Reply } from "../resp/resp.ts";
import { fieldsOf, infoSections } from "./info.ts";
import { COUNTERS, GAUGES } from "./metric-names.ts";
import { itemsOf, textOf } from "./replies.ts";
import { type Caller, CommandError, type Sessions } from "./sessions.ts";

/** Scrapes that come sooner get the text of the last one. */
const FRESH_MS = 1_000;
/** Users whose text is remembered. */
const REMEMBERED_MAX = 16;

/** All that a metric is made of: not Keysizes, for which INFO walks all keys. */
const SECTIONS = ["default", "commandstats", "latencystats", "cores"];

type Labels = Readonly<Record<string, string>>;
type Info = Readonly<Record<string, Readonly<Record<string, string>>>>;

export class Metrics {
  readonly #texts = new Map<string, { readonly at: number; readonly text: Promise<string> }>();

  constructor(private readonly sessions: Sessions) {}

  /** Throws CommandError where the user may not INFO. */
  text(caller: Caller, now = performance.now()): Promise<string> {
    const known = this.#texts.get(caller.user);
    if (known !== undefined && now - known.at < FRESH_MS) return known.text;
    const text = this.#read(caller);
    const [oldest] = this.#texts.size >= REMEMBERED_MAX ? this.#texts.keys() : [];
    if (oldest !== undefined) this.#texts.delete(oldest);
    this.#texts.set(caller.user, { at: now, text });
    text.catch(() => this.#texts.delete(caller.user));
    return text;
  }

  async #read(caller: Caller): Promise<string> {
    const [info, slow, slowest, functions] = await this.sessions.with(caller, 0, (session) =>
      Promise.all([
        session.call(["INFO", ...SECTIONS]),
        session.call(["SLOWLOG", "LEN"]),
        session.call(["SLOWLOG", "GET", "1"]),
        session.call(["FUNCTION", "STATS", "WITHFUNCTIONS"]),
      ]),
    );
    if (info.kind === "error") throw new CommandError(info);
    return exposition(infoSections(textOf(info)), { slow, slowest, functions });
  }
}

/** What INFO does not have. One that is an error (the user may not ask) is left out. */
interface Further {
  readonly slow: Reply;
  readonly slowest: Reply;
  readonly functions: Reply;
}

/** The text. */
export function exposition(info: Info, { slow, slowest, functions }: Further): string {
  const out = new Exposition();
  const fields = new Map(Object.values(info).flatMap((section) => Object.entries(section)));
  out.add("redis_up", "gauge", 1);
  instance(out, fields);
  for (const [rows, type] of [
    [GAUGES, "gauge"],
    [COUNTERS, "counter"],
  ] as const) {
    for (const row of rows) {
      const [field = "", name = field] = row.split(" ");
      const value = numberOf(fields.get(field));
      if (value !== null) out.add(`redis_${name}`, type, value);
    }
  }
  const started = Number(fields.get("server_time_usec")) / 1e6 - Number(fields.get("uptime_in_seconds"));
  if (Number.isFinite(started)) out.add("redis_start_time_seconds", "gauge", Math.round(started));
  commands(out, info);
  keyspace(out, info);
  for (const [name, value] of Object.entries(info.errorstats ?? {})) {
    out.add("redis_errors_total", "counter", Number(fieldsOf(value, ",").count), {
      err: name.replace(/^errorstat_/, ""),
    });
  }
  if (slow.kind === "integer") out.add("redis_slowlog_length", "gauge", Number(slow.bytes));
  const [id, , us] = itemsOf(itemsOf(slowest)[0]).map(textOf);
  if (slowest.kind !== "error") {
    out.add("redis_slowlog_last_id", "gauge", Number(id ?? 0));
    out.add("redis_last_slow_execution_duration_seconds", "gauge", Number(us ?? 0) / 1e6);
  }
  cores(out, info);
  procedures(out, functions);
  return out.text();
}

function instance(out: Exposition, fields: ReadonlyMap<string, string>): void {
  const labels: Record<string, string> = {};
  for (const name of [
    "role",
    "redis_version",
    "redis_mode",
    "os",
    "maxmemory_policy",
    "tcp_port",
    "run_id",
    "process_id",
  ]) {
    labels[name] = fields.get(name) ?? "";
  }
  out.add("redis_instance_info", "gauge", 1, { ...labels, zedis_version: fields.get("zedis_version") ?? "" });
}

function commands(out: Exposition, info: Info): void {
  for (const [name, value] of Object.entries(info.commandstats ?? {})) {
    const labels = { cmd: name.replace(/^cmdstat_/, "") };
    const { calls, usec, rejected_calls, failed_calls } = fieldsOf(value, ",");
    out.add("redis_commands_total", "counter", Number(calls), labels);
    out.add("redis_commands_duration_seconds_total", "counter", Number(usec) / 1e6, labels);
    out.add("redis_commands_rejected_calls_total", "counter", Number(rejected_calls), labels);
    out.add("redis_commands_failed_calls_total", "counter", Number(failed_calls), labels);
  }
  for (const [name, value] of Object.entries(info.latencystats ?? {})) {
    for (const [percentile, us] of Object.entries(fieldsOf(value, ","))) {
      const quantile = String(Number(percentile.slice(1)) / 100);
      const labels = { cmd: name.replace(/^latency_percentiles_usec_/, ""), quantile };
      out.add("redis_latency_percentiles_usec", "gauge", Number(us), labels);
    }
  }
}

function keyspace(out: Exposition, info: Info): void {
  for (const [db, value] of Object.entries(info.keyspace ?? {})) {
    const { keys, expires, avg_ttl } = fieldsOf(value, ",");
    out.add("redis_db_keys", "gauge", Number(keys), { db });
    out.add("redis_db_keys_expiring", "gauge", Number(expires), { db });
    if (avg_ttl !== undefined) out.add("redis_db_avg_ttl_seconds", "gauge", Number(avg_ttl) / 1000, { db });
  }
}

/** Fields of a core in INFO, what they are called here, and units of a second where they are times. */
const CORE_FIGURES = [
  ["clients", "clients", "gauge", 1],
  ["commands", "commands_total", "counter", 1],
  ["calls", "calls_total", "counter", 1],
  ["busy_usec", "busy_seconds_total", "counter", 1e6],
  ["cycles", "loop_cycles_total", "counter", 1],
  ["input_bytes", "input_bytes_total", "counter", 1],
  ["output_bytes", "output_bytes_total", "counter", 1],
  ["parked", "requests_parked_total", "counter", 1],
] as const;

function cores(out: Exposition, info: Info): void {
  for (const [name, value] of Object.entries(info.cores ?? {})) {
    const own = fieldsOf(value, ",");
    const labels = { core: name.replace(/^core/, ""), role: own.role ?? "" };
    for (const [field, figure, type, perUnit] of CORE_FIGURES) {
      out.add(`zedis_core_${figure}`, type, Number(own[field]) / perUnit, labels);
    }
  }
}

/** Counters of a function as FUNCTION STATS names them, and as they are called here. */
const PROCEDURE_COUNTERS = ["calls", "errors", "rollbacks", "retries", "timeouts", "kills", "keys"];

function procedures(out: Exposition, stats: Reply): void {
  if (stats.kind === "error") return;
  let count = 0;
  const libraries = new Set<string>();
  for (const [name, figures] of pairsOf(pairsOf(stats).get("functions") ?? stats)) {
    const own = new Map([...pairsOf(figures)].map(([key, value]) => [key, textOf(value)]));
    const labels = { library: own.get("library") ?? "", function: name };
    libraries.add(labels.library);
    count++;
    for (const figure of PROCEDURE_COUNTERS) {
      out.add(`zedis_procedure_${figure}_total`, "counter", Number(own.get(figure) ?? 0), labels);
    }
    out.add("zedis_procedure_duration_seconds_total", "counter", Number(own.get("usec") ?? 0) / 1e6, labels);
    for (const [figure, quantile] of [
      ["p50_usec", "0.5"],
      ["p99_usec", "0.99"],
      ["max_usec", "1"],
    ] as const) {
      const seconds = Number(own.get(figure) ?? 0) / 1e6;
      out.add("zedis_procedure_duration_seconds", "gauge", seconds, { ...labels, quantile });
    }
  }
  out.add("zedis_procedure_libraries", "gauge", libraries.size);
  out.add("zedis_procedure_functions", "gauge", count);
}

function pairsOf(reply: Reply): Map<string, Reply> {
  const items = itemsOf(reply);
  const found = new Map<string, Reply>();
  for (let at = 0; reply.kind === "map" && at + 1 < items.length; at += 2) {
    const [key, value] = [items[at], items[at + 1]];
    if (key !== undefined && value !== undefined) found.set(Buffer.from(textOf(key), "latin1").toString(), value);
  }
  return found;
}

/** A field of INFO as a number, as redis_exporter reads it; null where it is none. */
function numberOf(value: string | undefined): number | null {
  if (value === undefined || value === "") return null;
  if (value === "ok" || value === "true") return 1;
  if (value === "err" || value === "fail" || value === "false") return 0;
  const number = Number(value);
  return Number.isNaN(number) ? null : number;
}

/** Lines by name, each name with its type once, as the text format wants it. */
class Exposition {
  readonly #families = new Map<string, string[]>();

  add(name: string, type: "gauge" | "counter", value: number, labels: Labels = {}): void {
    if (Number.isNaN(value)) return;
    const lines = this.#families.get(name) ?? [`# TYPE ${name} ${type}`];
    this.#families.set(name, lines);
    const shown = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    lines.push(`${name}${shown.length === 0 ? "" : `{${shown.join(",")}}`} ${value}`);
  }

  text(): string {
    return `${[...this.#families.values()].flat().join("\n")}\n`;
  }
}

function escaped(text: string): string {
  if (!/[\\"\n]/.test(text)) return text;
  return text.replace(/[\\"\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}
