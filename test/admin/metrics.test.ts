/** /metrics: what Prometheus and the dashboard look for. */
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COUNTERS, GAUGES } from "../../src/admin/metric-names.ts";
import { freePort } from "../harness/server.ts";
import { isWithout } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import { adminSuite, basic } from "./client.ts";

const api = adminSuite();
const root = join(import.meta.dir, "..", "..");
/** A field of INFO and the name of its metric without `redis_`, a line each, of redis_exporter. */
const exporterList = join(import.meta.dir, "exporter-metrics.tsv");
const LINE = /^([a-z_][a-z0-9_]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})? (-?[0-9.e+-]+)$/;

/** Names and lines of a scrape; throws where a line is none of the text format. */
async function scrape(headers = {}): Promise<{ names: Set<string>; text: string }> {
  const { status, body, headers: got } = await api.send("GET", "/metrics", undefined, headers);
  expect([status, got.get("content-type")]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
  const names = new Set<string>();
  for (const line of body.trimEnd().split("\n")) {
    if (line.startsWith("# TYPE ")) continue;
    const name = LINE.exec(line)?.[1];
    if (name === undefined) throw new Error(`no line of the text format: ${line}`);
    names.add(name);
  }
  return { names, text: body };
}

async function busyServer(): Promise<void> {
  const source = "#!ts name=m\nexport function twice(a: number): number { return 2 * a; }";
  await api.send("POST", "/v1/procedures", { source, replace: true });
  await api.send("POST", "/v1/call/m/twice", { arguments: { a: 2 } });
  await api.command("SET", "k", 1, "EX", 100);
  await api.command("LPUSH", "k", 1);
}

test("every field of INFO that the exporter knows and Zedis has is there under its name", async () => {
  await busyServer();
  const { names } = await scrape();
  for (const row of [...GAUGES, ...COUNTERS]) {
    const [field = "", name = field] = row.split(" ");
    expect(names).toContain(`redis_${name}`);
  }
});

test("names are those of the exporter's own list", () => {
  const rows = new Set(readFileSync(exporterList, "utf8").trimEnd().split("\n"));
  for (const row of [...GAUGES, ...COUNTERS]) {
    const [field = "", name = field] = row.split(" ");
    expect(rows).toContain(`${field}\t${name}`);
  }
});

test("every metric that the dashboard names is served", async () => {
  await busyServer();
  let names = new Set<string>();
  await until("a scrape that has procedures", async () => {
    names = (await scrape()).names;
    return names.has("zedis_procedure_calls_total") && names.has("redis_errors_total");
  });
  const dashboard = readFileSync(join(root, "src/admin/grafana/zedis.json"), "utf8");
  const wanted = new Set(dashboard.match(/\b(?:redis|zedis)_[a-z0-9_]+/g));
  expect(wanted.size).toBeGreaterThan(20);
  expect([...wanted].filter((name) => !names.has(name))).toEqual([]);
});

test("commands, errors, keys and procedures have their labels", async () => {
  await busyServer();
  let text = "";
  // A scrape gets the text of one a moment before.
  await until("a scrape that has it", async () => {
    text = (await scrape()).text;
    return text.includes('err="WRONGTYPE"') && text.includes('function="twice"');
  });
  expect(text).toMatch(/^redis_commands_total\{cmd="set"\} \d+$/m);
  expect(text).toMatch(/^redis_errors_total\{err="WRONGTYPE"\} \d+$/m);
  expect(text).toMatch(/^redis_db_keys_expiring\{db="db0"\} 1$/m);
  expect(text).toMatch(/^zedis_procedure_calls_total\{library="m",function="twice"\} \d+$/m);
  expect(text).toMatch(/^redis_latency_percentiles_usec\{cmd="set",quantile="0.99"\} /m);
});

test("each core has its own figures, and they add up to the server's", async () => {
  await busyServer();
  const text = (await scrape()).text;
  const cores = [...text.matchAll(/^zedis_core_commands_total\{core="(\d+)",role="serving"\} (\d+)$/gm)];
  expect(cores.map(([, core]) => core)).toEqual(["0", "1"]);
  expect(text).toMatch(/^zedis_core_busy_seconds_total\{core="0",role="serving"\} [0-9.]+$/m);
  expect(text).toMatch(/^zedis_core_clients\{core="1",role="serving"\} \d+$/m);
  const sum = cores.reduce((total, [, , count]) => total + Number(count), 0);
  const total = Number(/^redis_commands_processed_total (\d+)$/m.exec(text)?.[1]);
  // Those that ran between two sections.
  expect(total - sum).toBeWithin(-20, 20);
});

test("a user who may INFO may scrape, and one who may not is told", async () => {
  await api.command("ACL", "SETUSER", "prometheus", "on", ">pw", "+info");
  expect((await scrape(basic("prometheus", "pw"))).names).toContain("redis_up");
  await api.command("ACL", "SETUSER", "nobody", "on", ">pw", "+ping");
  expect((await api.send("GET", "/metrics", undefined, basic("nobody", "pw"))).status).toBe(403);
});

// A program of 100 MB that few machines have: the format is checked above without it.
test.skipIf(isWithout("prometheus"))(
  "Prometheus scrapes it",
  async () => {
    const [folder, port] = [mkdtempSync(join(tmpdir(), "zedis-prometheus-")), freePort()];
    const target = new URL(api.server.http).host;
    writeFileSync(
      join(folder, "prometheus.yml"),
      `{global: {scrape_interval: 1s}, scrape_configs: [{job_name: zedis, static_configs: [{targets: ["${target}"]}]}]}`,
    );
    const address = `127.0.0.1:${port}`;
    const args = ["--config.file=prometheus.yml", `--web.listen-address=${address}`, "--storage.tsdb.path=data"];
    const child = Bun.spawn(["prometheus", ...args], { cwd: folder, stdout: "ignore", stderr: "ignore" });
    try {
      const isUp = async (): Promise<boolean> => {
        const response = await fetch(`http://${address}/api/v1/query?query=up`).catch(() => null);
        const body = (await response?.json().catch(() => null)) as {
          data?: { result: { value: [number, string] }[] };
        } | null;
        return body?.data?.result[0]?.value[1] === "1";
      };
      await until("a scrape", isUp, { limit_ms: 60_000 });
    } finally {
      child.kill();
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    }
  },
  90_000,
);
