/**
 * What INFO says, as samples that can be drawn: counters become rates between two samples.
 *
 *     core0:role=serving,clients=50,commands=1200,busy_usec=340000,…
 *     cmdstat_get:calls=12,usec=30,…      latency_percentiles_usec_get:p50=1.003,p99=2.007,…      db0:keys=5,expires=1,…
 */

export interface CommandFigures {
  readonly name: string;
  readonly calls: number;
  readonly usec: number;
  readonly failed: number;
}

export interface Info {
  readonly at: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly commands: ReadonlyMap<string, CommandFigures>;
}

/** `at`: milliseconds on the clock of whoever asked. */
export function parseInfo(text: string, at: number): Info {
  const fields = new Map<string, string>();
  const commands = new Map<string, CommandFigures>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon < 1 || line.startsWith("#")) continue;
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1);
    fields.set(name, value);
    if (!name.startsWith("cmdstat_")) continue;
    const parts = parts_of(value);
    const command = name.slice("cmdstat_".length);
    const [calls = 0, usec = 0, failed = 0] = ["calls", "usec", "failed_calls"].map((part) => Number(parts.get(part)));
    commands.set(command, { name: command, calls, usec, failed });
  }
  return { at, fields, commands };
}

/** `a=1,b=2` */
export function parts_of(value: string): Map<string, string> {
  return new Map(
    value.split(",").map((part) => {
      const at = part.indexOf("=");
      return [part.slice(0, at), part.slice(at + 1)];
    }),
  );
}

export function number(info: Info, field: string): number {
  const value = Number(info.fields.get(field));
  return Number.isFinite(value) ? value : 0;
}

export interface Database {
  readonly index: number;
  readonly keys: number;
  readonly expires: number;
}

export function databases(info: Info): Database[] {
  const found: Database[] = [];
  for (const [name, value] of info.fields) {
    const index = /^db(\d+)$/.exec(name)?.[1];
    if (index === undefined) continue;
    const parts = parts_of(value);
    found.push({ index: Number(index), keys: Number(parts.get("keys")), expires: Number(parts.get("expires")) });
  }
  return found;
}

/** What a core did since INFO was asked before. */
export interface Core {
  readonly index: number;
  readonly role: string;
  readonly clients: number;
  readonly commandsPerSecond: number | null;
  readonly callsPerSecond: number | null;
  /** Percent of the time in which its loop did something. */
  readonly busy: number | null;
  readonly parkedPerSecond: number | null;
}

/** A line for each core, in order; none where the user's server has no such section. */
export function cores(now: Info, before: Info | null): Core[] {
  const known = earlier(now, before);
  const seconds = known === null ? 0 : (now.at - known.at) / 1000;
  const found: Core[] = [];
  for (const [name, value] of now.fields) {
    const index = /^core(\d+)$/.exec(name)?.[1];
    if (index === undefined) continue;
    const parts = parts_of(value);
    const last = known?.fields.get(name);
    const lastParts = last === undefined ? null : parts_of(last);
    const rate = (part: string): number | null =>
      lastParts === null || seconds <= 0
        ? null
        : Math.max(Number(parts.get(part)) - Number(lastParts.get(part)), 0) / seconds;
    const busy = rate("busy_usec");
    found.push({
      index: Number(index),
      role: parts.get("role") ?? "",
      clients: Number(parts.get("clients")),
      commandsPerSecond: rate("commands"),
      callsPerSecond: rate("calls"),
      busy: busy === null ? null : Math.min(busy / 1e4, 100),
      parkedPerSecond: rate("parked"),
    });
  }
  return found;
}

/** A server that was started anew counts from zero: what it said before is of another one. */
function earlier(now: Info, before: Info | null): Info | null {
  return before !== null && before.fields.get("run_id") === now.fields.get("run_id") ? before : null;
}

/** One point of every chart. Rates are null in the first sample, and latency where nothing ran. */
export interface Sample {
  readonly at: number;
  readonly opsPerSecond: number | null;
  /** Mean time of a command in microseconds. */
  readonly latency: number | null;
  readonly memory: number;
  readonly resident: number;
  readonly keys: number;
  readonly expires: number;
  readonly inputRate: number | null;
  readonly outputRate: number | null;
  /** Percent of one processor. */
  readonly cpu: number | null;
  readonly cores: readonly Core[];
}

/** The console's own question is not what people look at charts for. */
const OWN = new Set(["info"]);

export function sample(now: Info, before: Info | null): Sample {
  const dbs = databases(now);
  const known = earlier(now, before);
  const seconds = known === null ? 0 : (now.at - known.at) / 1000;
  const rate = (of: (info: Info) => number): number | null =>
    known === null || seconds <= 0 ? null : Math.max(of(now) - of(known), 0) / seconds;
  const sum = (info: Info, part: "calls" | "usec"): number => {
    let total = 0;
    for (const command of info.commands.values()) if (!OWN.has(command.name)) total += command[part];
    return total;
  };
  const ops = rate((info) => sum(info, "calls"));
  const usec = rate((info) => sum(info, "usec"));
  const cpu = rate((info) => number(info, "used_cpu_sys") + number(info, "used_cpu_user"));
  return {
    at: now.at,
    opsPerSecond: ops,
    latency: ops === null || usec === null || ops === 0 ? null : usec / ops,
    memory: number(now, "used_memory"),
    resident: number(now, "used_memory_rss"),
    keys: dbs.reduce((total, { keys }) => total + keys, 0),
    expires: dbs.reduce((total, { expires }) => total + expires, 0),
    inputRate: rate((info) => number(info, "total_net_input_bytes")),
    outputRate: rate((info) => number(info, "total_net_output_bytes")),
    cpu: cpu === null ? null : cpu * 100,
    cores: cores(now, before),
  };
}

export interface CommandRow {
  readonly name: string;
  readonly calls: number;
  readonly perSecond: number;
  readonly mean: number;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly failed: number;
}

/** Commands by what they take of the server's time, the largest first. */
export function commandRows(now: Info, before: Info | null): CommandRow[] {
  const seconds = before === null ? 0 : (now.at - before.at) / 1000;
  return [...now.commands.values()]
    .map(({ name, calls, usec, failed }) => {
      const percentiles = parts_of(now.fields.get(`latency_percentiles_usec_${name}`) ?? "");
      const percentile = (part: string): number | null =>
        percentiles.has(part) ? Number(percentiles.get(part)) : null;
      const earlier = before?.commands.get(name)?.calls ?? 0;
      return {
        name,
        calls,
        perSecond: seconds > 0 ? Math.max(calls - earlier, 0) / seconds : 0,
        mean: calls > 0 ? usec / calls : 0,
        p50: percentile("p50"),
        p99: percentile("p99"),
        failed,
      };
    })
    .sort((left, right) => right.mean * right.calls - left.mean * left.calls);
}
