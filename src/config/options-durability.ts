/** Directives about snapshots, the append only file, replication and cluster. */

import { INT_MAX, INT_MIN, LONG_MAX, type Option, ULONG_MAX } from "./option.ts";
import { REPLICAOF, SAVE } from "./special.ts";

const NO_REPLICATION = { why: "replication is not available yet" };
const NO_CLUSTER = { why: "cluster mode is not available yet" };

export const DURABILITY_OPTIONS = [
  // Snapshots
  {
    name: "save",
    type: "special",
    special: SAVE,
    default: "3600 1 300 100 60 10000",
    native: true,
  },
  {
    name: "dbfilename",
    type: "string",
    default: "dump.rdb",
    native: true,
    protected: true,
    check: (value) => baseName(value, "dbfilename can't be a path, just a filename"),
  },
  { name: "rdbcompression", type: "bool", default: "yes", native: true },
  { name: "rdbchecksum", type: "bool", default: "yes", fixed: true, native: true },
  { name: "rdb-save-incremental-fsync", type: "bool", default: "yes" },
  { name: "rdb-del-sync-files", type: "bool", default: "no", inert: NO_REPLICATION },
  { name: "stop-writes-on-bgsave-error", type: "bool", default: "yes" },
  {
    name: "sanitize-dump-payload",
    type: "enum",
    values: ["no", "yes", "clients"],
    default: "no",
    inert: { why: "every payload is checked while it is read" },
  },
  {
    name: "rdb-key-save-delay",
    type: "int",
    min: INT_MIN,
    max: INT_MAX,
    default: "0",
    hidden: true,
    native: true,
  },
  { name: "key-load-delay", type: "int", min: INT_MIN, max: INT_MAX, default: "0", hidden: true, native: true },
  {
    name: "loading-process-events-interval-bytes",
    type: "int",
    min: 1024n,
    max: INT_MAX,
    default: "2097152",
    hidden: true,
    inert: { why: "requests are served by other threads while a file is loaded" },
  },

  // Append only file
  { name: "appendonly", type: "bool", default: "no" },
  {
    name: "appendfilename",
    type: "string",
    default: "appendonly.aof",
    fixed: true,
    check: (value) =>
      value === ""
        ? "appendfilename can't be empty"
        : baseName(value, "appendfilename can't be a path, just a filename"),
  },
  {
    name: "appenddirname",
    type: "string",
    default: "appendonlydir",
    fixed: true,
    check: (value) =>
      value === "" ? "appenddirname can't be empty" : baseName(value, "appenddirname can't be a path, just a dirname"),
  },
  { name: "appendfsync", type: "enum", values: ["everysec", "always", "no"], default: "everysec", native: true },
  { name: "no-appendfsync-on-rewrite", type: "bool", default: "no", native: true },
  { name: "auto-aof-rewrite-percentage", type: "int", min: 0n, max: INT_MAX, default: "100" },
  { name: "auto-aof-rewrite-min-size", type: "memory", min: 0n, max: LONG_MAX, default: "67108864" },
  { name: "aof-load-truncated", type: "bool", default: "yes" },
  { name: "aof-use-rdb-preamble", type: "bool", default: "yes" },
  { name: "aof-timestamp-enabled", type: "bool", default: "no", native: true },
  { name: "aof-rewrite-incremental-fsync", type: "bool", default: "yes" },
  {
    name: "aof-disable-auto-gc",
    type: "bool",
    default: "no",
    hidden: true,
    inert: { why: "files that are not needed any more are always removed" },
  },

  // Replication
  {
    name: "replicaof",
    alias: "slaveof",
    type: "special",
    special: REPLICAOF,
    default: "",
    fixed: true,
    inert: NO_REPLICATION,
  },
  {
    name: "masteruser",
    alias: "primaryuser",
    type: "string",
    unset: true,
    default: "",
    secret: true,
    inert: NO_REPLICATION,
  },
  {
    name: "masterauth",
    alias: "primaryauth",
    type: "string",
    unset: true,
    default: "",
    secret: true,
    inert: NO_REPLICATION,
  },
  {
    name: "replica-serve-stale-data",
    alias: "slave-serve-stale-data",
    type: "bool",
    default: "yes",
    inert: NO_REPLICATION,
  },
  { name: "replica-read-only", alias: "slave-read-only", type: "bool", default: "yes", inert: NO_REPLICATION },
  { name: "replica-lazy-flush", alias: "slave-lazy-flush", type: "bool", default: "no", inert: NO_REPLICATION },
  {
    name: "replica-ignore-maxmemory",
    alias: "slave-ignore-maxmemory",
    type: "bool",
    default: "yes",
    inert: NO_REPLICATION,
  },
  { name: "replica-announced", type: "bool", default: "yes", inert: NO_REPLICATION },
  { name: "replica-ignore-disk-write-errors", type: "bool", default: "no", inert: NO_REPLICATION },
  {
    name: "replica-announce-ip",
    alias: "slave-announce-ip",
    type: "string",
    unset: true,
    default: "",
    inert: NO_REPLICATION,
  },
  {
    name: "replica-announce-port",
    alias: "slave-announce-port",
    type: "int",
    min: 0n,
    max: 65535n,
    default: "0",
    inert: NO_REPLICATION,
  },
  {
    name: "replica-priority",
    alias: "slave-priority",
    type: "int",
    min: 0n,
    max: INT_MAX,
    default: "100",
    inert: NO_REPLICATION,
  },
  {
    name: "min-replicas-to-write",
    alias: "min-slaves-to-write",
    type: "int",
    min: 0n,
    max: INT_MAX,
    default: "0",
    inert: NO_REPLICATION,
  },
  {
    name: "min-replicas-max-lag",
    alias: "min-slaves-max-lag",
    type: "int",
    min: 0n,
    max: INT_MAX,
    default: "10",
    inert: NO_REPLICATION,
  },
  {
    name: "repl-ping-replica-period",
    alias: "repl-ping-slave-period",
    type: "int",
    min: 1n,
    max: INT_MAX,
    default: "10",
    inert: NO_REPLICATION,
  },
  { name: "repl-timeout", type: "int", min: 1n, max: INT_MAX, default: "60", inert: NO_REPLICATION },
  { name: "repl-disable-tcp-nodelay", type: "bool", default: "no", inert: NO_REPLICATION },
  { name: "repl-diskless-sync", type: "bool", default: "yes", inert: NO_REPLICATION },
  { name: "repl-diskless-sync-delay", type: "int", min: 0n, max: INT_MAX, default: "5", inert: NO_REPLICATION },
  { name: "repl-diskless-sync-max-replicas", type: "int", min: 0n, max: INT_MAX, default: "0", inert: NO_REPLICATION },
  {
    name: "repl-diskless-load",
    type: "enum",
    values: ["disabled", "on-empty-db", "swapdb"],
    default: "disabled",
    inert: NO_REPLICATION,
  },
  { name: "repl-backlog-size", type: "memory", min: 1n, max: LONG_MAX, default: "1048576", inert: NO_REPLICATION },
  { name: "repl-backlog-ttl", type: "int", min: 0n, max: LONG_MAX, default: "3600", inert: NO_REPLICATION },
  { name: "bind-source-addr", type: "string", unset: true, default: "", inert: NO_REPLICATION },
  {
    name: "propagation-error-behavior",
    type: "enum",
    values: ["ignore", "panic", "panic-on-replicas"],
    default: "ignore",
    inert: NO_REPLICATION,
  },

  // Cluster
  { name: "cluster-enabled", type: "bool", default: "no", fixed: true, inert: NO_CLUSTER },
  { name: "cluster-config-file", type: "string", default: "nodes.conf", fixed: true, inert: NO_CLUSTER },
  { name: "cluster-node-timeout", type: "int", min: 0n, max: LONG_MAX, default: "15000", inert: NO_CLUSTER },
  { name: "cluster-ping-interval", type: "int", min: 0n, max: LONG_MAX, default: "0", hidden: true, inert: NO_CLUSTER },
  { name: "cluster-port", type: "int", min: 0n, max: 65535n, default: "0", fixed: true, inert: NO_CLUSTER },
  { name: "cluster-announce-ip", type: "string", unset: true, default: "", inert: NO_CLUSTER },
  { name: "cluster-announce-port", type: "int", min: 0n, max: 65535n, default: "0", inert: NO_CLUSTER },
  { name: "cluster-announce-tls-port", type: "int", min: 0n, max: 65535n, default: "0", inert: NO_CLUSTER },
  { name: "cluster-announce-bus-port", type: "int", min: 0n, max: 65535n, default: "0", inert: NO_CLUSTER },
  {
    name: "cluster-announce-hostname",
    type: "string",
    unset: true,
    default: "",
    check: checkHostname,
    inert: NO_CLUSTER,
  },
  {
    name: "cluster-announce-human-nodename",
    type: "string",
    unset: true,
    default: "",
    check: (value) =>
      /[!#$%&()*+:;<>?@[\]^{|}~]/.test(value) ? "Announced human node name contained invalid character" : null,
    inert: NO_CLUSTER,
  },
  {
    name: "cluster-preferred-endpoint-type",
    type: "enum",
    values: ["ip", "hostname", "unknown-endpoint"],
    default: "ip",
    inert: NO_CLUSTER,
  },
  { name: "cluster-require-full-coverage", type: "bool", default: "yes", inert: NO_CLUSTER },
  {
    name: "cluster-replica-validity-factor",
    alias: "cluster-slave-validity-factor",
    type: "int",
    min: 0n,
    max: INT_MAX,
    default: "10",
    inert: NO_CLUSTER,
  },
  {
    name: "cluster-replica-no-failover",
    alias: "cluster-slave-no-failover",
    type: "bool",
    default: "no",
    inert: NO_CLUSTER,
  },
  { name: "cluster-migration-barrier", type: "int", min: 0n, max: INT_MAX, default: "1", inert: NO_CLUSTER },
  { name: "cluster-allow-replica-migration", type: "bool", default: "yes", inert: NO_CLUSTER },
  { name: "cluster-allow-reads-when-down", type: "bool", default: "no", inert: NO_CLUSTER },
  { name: "cluster-allow-pubsubshard-when-down", type: "bool", default: "yes", inert: NO_CLUSTER },
  { name: "cluster-link-sendbuf-limit", type: "memory", min: 0n, max: ULONG_MAX, default: "0", inert: NO_CLUSTER },
] as const satisfies readonly Option[];

function baseName(value: string, error: string): string | null {
  return value.includes("/") || value.includes("\\") ? error : null;
}

const HOSTNAME_MAX = 256;

function checkHostname(value: string): string | null {
  if (value.length >= HOSTNAME_MAX) return `Hostnames must be less than ${HOSTNAME_MAX} characters`;
  return /^[A-Za-z0-9.-]*$/.test(value) ? null : "Hostnames may only contain alphanumeric characters, hyphens or dots";
}
