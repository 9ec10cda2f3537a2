/** INFO: its sections, its fields, and that the numbers in it move with what happens. */
import { expect } from "bun:test";
import { like } from "../harness/expected.ts";
import { numberOf, show, textOf } from "../harness/resp.ts";
import { suite } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";

const info = suite();

/** INFO's text as sections of fields: `{Server: {redis_version: "7.2.4", …}, …}`. */
async function sections(wire: Wire, request = "INFO"): Promise<Record<string, Record<string, string>>> {
  const parsed: Record<string, Record<string, string>> = {};
  let current: Record<string, string> = {};
  const text = textOf(await wire.call(request));
  expect(text === "" || text.endsWith("\r\n")).toBe(true);
  for (const line of text.split("\r\n")) {
    if (line.startsWith("# ")) {
      current = {};
      parsed[line.slice(2)] = current;
    } else if (line !== "") {
      expect(line).toMatch(/^[a-zA-Z0-9_.|-]+:/);
      current[line.slice(0, line.indexOf(":"))] = line.slice(line.indexOf(":") + 1);
    }
  }
  return parsed;
}

const field = async (wire: Wire, section: string, name: string): Promise<string> => {
  const all = Object.values(await sections(wire, `INFO ${section}`));
  const value = all[0]?.[name];
  if (value === undefined) throw new Error(`INFO ${section} has no ${name}`);
  return value;
};

/** Fields that exporters and clients read, of Redis 7.0; sections in Redis's order. */
const wanted: Readonly<Record<string, string>> = {
  Server:
    "redis_version redis_git_sha1 redis_git_dirty redis_build_id redis_mode os arch_bits monotonic_clock multiplexing_api process_id process_supervised run_id tcp_port server_time_usec uptime_in_seconds uptime_in_days hz configured_hz lru_clock executable config_file io_threads_active",
  Clients:
    "connected_clients cluster_connections maxclients client_recent_max_input_buffer client_recent_max_output_buffer blocked_clients tracking_clients clients_in_timeout_table",
  Memory:
    "used_memory used_memory_human used_memory_rss used_memory_rss_human used_memory_peak used_memory_peak_human used_memory_peak_perc used_memory_overhead used_memory_startup used_memory_dataset used_memory_dataset_perc total_system_memory total_system_memory_human used_memory_lua used_memory_scripts maxmemory maxmemory_human maxmemory_policy mem_fragmentation_ratio mem_fragmentation_bytes mem_clients_slaves mem_clients_normal mem_aof_buffer mem_allocator active_defrag_running lazyfree_pending_objects lazyfreed_objects number_of_cached_scripts number_of_functions number_of_libraries",
  Persistence:
    "loading async_loading current_cow_size rdb_changes_since_last_save rdb_bgsave_in_progress rdb_last_save_time rdb_last_bgsave_status rdb_last_bgsave_time_sec rdb_current_bgsave_time_sec rdb_saves aof_enabled aof_rewrite_in_progress aof_rewrite_scheduled aof_last_rewrite_time_sec aof_current_rewrite_time_sec aof_last_bgrewrite_status aof_last_write_status",
  Stats:
    "total_connections_received total_commands_processed instantaneous_ops_per_sec total_net_input_bytes total_net_output_bytes instantaneous_input_kbps instantaneous_output_kbps rejected_connections sync_full sync_partial_ok sync_partial_err expired_keys expired_stale_perc expired_time_cap_reached_count evicted_keys evicted_clients keyspace_hits keyspace_misses pubsub_channels pubsub_patterns latest_fork_usec total_forks migrate_cached_sockets tracking_total_keys unexpected_error_replies total_error_replies total_reads_processed total_writes_processed",
  Replication:
    "role connected_slaves master_failover_state master_replid master_replid2 master_repl_offset second_repl_offset repl_backlog_active repl_backlog_size repl_backlog_first_byte_offset repl_backlog_histlen",
  CPU: "used_cpu_sys used_cpu_user used_cpu_sys_children used_cpu_user_children",
  Modules: "",
  Errorstats: "",
  Cluster: "cluster_enabled",
  Keyspace: "",
};

info.both("INFO has Redis's sections in their order and the fields tools read", async (wire) => {
  const found = await sections(wire);
  expect(Object.keys(found).filter((name) => name in wanted)).toEqual(Object.keys(wanted));
  const missing: string[] = [];
  for (const [section, names] of Object.entries(wanted)) {
    for (const name of names.split(" "))
      if (name !== "" && found[section]?.[name] === undefined) missing.push(`${section}.${name}`);
  }
  expect(missing).toEqual([]);
});

info.both("INFO is verbatim text in RESP3 and a bulk string in RESP2", async (wire, protocol) => {
  const reply = await wire.call("INFO server");
  expect(reply.kind).toBe(protocol === 3 ? "verbatim" : "bulk");
});

info.both("INFO takes sections by name, several, and groups of them", async (wire) => {
  expect(Object.keys(await sections(wire, "INFO server"))).toEqual(["Server"]);
  expect(Object.keys(await sections(wire, "INFO CLIENTS memory"))).toEqual(["Clients", "Memory"]);
  expect(Object.keys(await sections(wire, "INFO memory clients memory"))).toEqual(["Clients", "Memory"]);
  expect(Object.keys(await sections(wire, "INFO nosuch"))).toEqual([]);
  expect(Object.keys(await sections(wire, "INFO nosuch keyspace"))).toEqual(["Keyspace"]);
  const plain = Object.keys(await sections(wire));
  expect(Object.keys(await sections(wire, "INFO default"))).toEqual(plain);
  expect(plain).not.toContain("Commandstats");
  expect(Object.keys(await sections(wire, "INFO all"))).toContain("Commandstats");
  expect(Object.keys(await sections(wire, "INFO everything"))).toContain("Commandstats");
  expect(Object.keys(await sections(wire, "INFO commandstats"))).toEqual(["Commandstats"]);
});

info.both("the server's fields are true", async (wire) => {
  const found = await sections(wire);
  expect(found.Server?.redis_version).toMatch(isOracle ? /^7\./ : /^7\.2\.\d+$/);
  expect(found.Server?.redis_mode).toBe("standalone");
  expect(found.Server?.tcp_port).toBe(String(info.server.port));
  expect(found.Server?.process_id).toBe(String(info.server.pid));
  expect(found.Server?.run_id).toMatch(/^[0-9a-f]{40}$/);
  expect(found.Server?.arch_bits).toBe("64");
  expect(found.Replication?.role).toBe("master");
  expect(found.Replication?.master_replid).toMatch(/^[0-9a-f]{40}$/);
  expect(found.Cluster?.cluster_enabled).toBe("0");
  const resident = await info.server.residentBytes();
  expect(Number(found.Memory?.used_memory_rss)).toBeWithin(resident * 0.5, resident * 2);
  const now_us = Date.now() * 1000;
  expect(Number(found.Server?.server_time_usec)).toBeWithin(now_us - 5_000_000, now_us + 5_000_000);
});

info.both("Keyspace counts keys and expiries of each database in use", async (wire) => {
  expect(await sections(wire, "INFO keyspace")).toEqual({ Keyspace: {} });
  await wire.pipeline(["MSET a 1 b 2 c 3", "EXPIRE a 100", "SELECT 7", "SET x 1"]);
  const { Keyspace } = await sections(wire, "INFO keyspace");
  expect(Keyspace?.db0).toMatch(/^keys=3,expires=1,avg_ttl=\d+/);
  expect(Keyspace?.db7).toMatch(/^keys=1,expires=0,avg_ttl=0/);
  expect(Object.keys(Keyspace ?? {})).toEqual(["db0", "db7"]);
});

info.both("hits, misses, commands and errors are counted, CONFIG RESETSTAT starts anew", async (wire) => {
  await wire.call("CONFIG RESETSTAT");
  await wire.pipeline([
    "SET k 1",
    "GET k",
    "GET k",
    "GET none",
    "HGET none f",
    "NOSUCH",
    "HGET k f",
    "SET k",
    "MGET k none",
  ]);
  const { Stats } = await sections(wire, "INFO stats");
  expect(Stats?.keyspace_hits).toBe("4");
  expect(Stats?.keyspace_misses).toBe("3");
  expect(Stats?.total_error_replies).toBe("3");
  expect(Number(Stats?.total_commands_processed)).toBeWithin(7, 12);
  const { Commandstats } = await sections(wire, "INFO commandstats");
  expect(Commandstats?.cmdstat_get).toMatch(
    /^calls=3,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=0,failed_calls=0$/,
  );
  expect(Commandstats?.cmdstat_hget).toMatch(/^calls=2,.*,rejected_calls=0,failed_calls=1$/);
  expect(Commandstats?.cmdstat_set).toMatch(/^calls=1,.*,rejected_calls=1,failed_calls=0$/);
  expect(Commandstats?.["cmdstat_config|resetstat"]).toMatch(/^calls=1,/);
  const { Errorstats } = await sections(wire, "INFO errorstats");
  expect(Errorstats?.errorstat_ERR).toBe("count=2");
  expect(Errorstats?.errorstat_WRONGTYPE).toBe("count=1");
  await wire.call("CONFIG RESETSTAT");
  expect(await field(wire, "stats", "keyspace_hits")).toBe("0");
  expect(await sections(wire, "INFO errorstats")).toEqual({ Errorstats: {} });
});

info.both("whoever has a reply is in the figures, on whatever connection they are asked for", async (wire) => {
  // Several connections, so that some are on another core than the one that asks.
  const others = await Promise.all([1, 2, 3, 4].map(() => info.server.connect()));
  for (let round = 1; round <= 5; round++) {
    await wire.call("CONFIG RESETSTAT");
    for (const [index, other] of others.entries()) {
      await other.pipeline(["SET k 1", "GET k"]);
      expect(await field(wire, "stats", "keyspace_hits")).toBe(String(index + 1));
    }
  }
  await Promise.all(others.map((other) => other.close()));
});

info.both("connections and network bytes are counted", async (wire) => {
  const before = Number(await field(wire, "stats", "total_connections_received"));
  const received = Number(await field(wire, "stats", "total_net_input_bytes"));
  const other = await info.server.connect();
  await other.call(["SET", "k", "x".repeat(10_000)]);
  await other.call("GET k");
  expect(Number(await field(wire, "stats", "total_connections_received"))).toBe(before + 1);
  expect(Number(await field(wire, "stats", "total_net_input_bytes"))).toBeGreaterThan(received + 10_000);
  const connected = Number(await field(wire, "clients", "connected_clients"));
  await other.close();
  await until(
    "the client to be forgotten",
    async () => Number(await field(wire, "clients", "connected_clients")) === connected - 1,
  );
});

info.both("used_memory follows what is stored and given back", async (wire) => {
  const empty = Number(await field(wire, "memory", "used_memory"));
  for (let index = 0; index < 20; index++) await wire.call(["SET", `big${index}`, "x".repeat(1_000_000)]);
  expect(Number(await field(wire, "memory", "used_memory"))).toBeWithin(empty + 19_000_000, empty + 60_000_000);
  expect(await field(wire, "memory", "used_memory_human")).toMatch(/^\d+\.\d\d[BKMG]$/);
  expect(numberOf(await wire.call("UNLINK big0 big1 big2 big3 big4 big5 big6 big7 big8 big9"))).toBe(10);
  await until(
    "memory to be freed",
    async () => Number(await field(wire, "memory", "used_memory")) < empty + 16_000_000,
  );
});

info.rows("the dump's age is told", [["INFO persistence", like(/rdb_last_save_time:\d{10}\r\n/)]]);

info.both(
  "INFO ALL has every field that redis_exporter reads of Redis",
  async (wire) => {
    const has = new Set(Object.values(await sections(wire, "INFO ALL")).flatMap((fields) => Object.keys(fields)));
    const wanted = await Bun.file(`${import.meta.dir}/exporter-fields.txt`).text();
    const missing = wanted.split("\n").filter((name) => name !== "" && !has.has(name));
    expect(missing).toEqual([]);
  },
  { since: "9.9" },
);

info.both(
  "Cores has a line for each core, when it is asked for, and they add up to the server",
  async (wire) => {
    expect(Object.keys(await sections(wire))).not.toContain("Cores");
    expect(Object.keys(await sections(wire, "INFO everything"))).toContain("Cores");
    const others = await Promise.all(Array.from({ length: 4 }, () => info.server.connect()));
    for (const other of others) await other.pipeline(["SET k 1", "GET k"]);
    const { Cores: cores = {}, Stats: stats = {} } = await sections(wire, "INFO stats cores");
    expect(Object.keys(cores)).toEqual(["core0", "core1"]);
    const sum = (name: string): number =>
      Object.values(cores).reduce((total, line) => total + Number(new RegExp(`\\b${name}=(\\d+)`).exec(line)?.[1]), 0);
    for (const line of Object.values(cores)) expect(line).toStartWith("role=serving,");
    expect(sum("clients")).toBeGreaterThanOrEqual(5);
    expect(sum("commands") - Number(stats.total_commands_processed)).toBeWithin(-10, 10);
    await Promise.all(others.map((other) => other.close()));
  },
  { since: "9.9" },
);

info.both(
  "Keysizes counts values by their lengths, when it is asked for",
  async (wire) => {
    expect(await sections(wire, "INFO keysizes")).toEqual({ Keysizes: {} });
    await wire.pipeline([
      "SET empty ''",
      "SET one 7",
      ["SET", "long", "x".repeat(5000)],
      ["RPUSH", "list", ..."abcdefg"],
      "SADD set a",
      "HSET hash f v g w",
      "ZADD zset 1 a",
      "SELECT 9",
      "SET other text",
      "SELECT 0",
    ]);
    expect(await sections(wire, "INFO keysizes")).toEqual({
      Keysizes: {
        db0_distrib_strings_sizes: "0=1,1=1,4K=1",
        db0_distrib_lists_items: "4=1",
        db0_distrib_sets_items: "1=1",
        db0_distrib_zsets_items: "1=1",
        db0_distrib_hashes_items: "2=1",
        db9_distrib_strings_sizes: "4=1",
      },
    });
    const all = Object.keys(await sections(wire, "INFO all"));
    expect(all.at(-1)).toBe("Keysizes");
    expect(Object.keys(await sections(wire))).not.toContain("Keysizes");
    await wire.pipeline(["MULTI", "DEL list", "INFO keysizes"]);
    expect(show(await wire.call("EXEC"))).not.toContain("lists_items");
  },
  { since: "9.9" },
);
