/** Directives that Valkey 8 and 9 and Redis 8 have beside those of Redis 7.2. */

import { INT_MAX, type Option, ULONG_MAX } from "./option.ts";

const NO_CLUSTER = { why: "there is no cluster mode yet" } as const;
const NO_REPLICATION = { why: "there is no replication yet" } as const;
const NO_THREADS = { why: "each core has its own connections, and prefetches by itself" } as const;
const FOR_DEBUGGING = { why: "it helps to debug another server" } as const;

export const VALKEY_OPTIONS = [
  { name: "availability-zone", type: "string", default: "", native: true },
  {
    name: "unixsocketgroup",
    type: "string",
    unset: true,
    default: "",
    fixed: "same",
  },
  {
    name: "max-new-connections-per-cycle",
    type: "int",
    min: 1n,
    max: 1000n,
    default: "10",
    inert: { why: "new connections are taken as they come" },
  },
  {
    name: "max-new-tls-connections-per-cycle",
    type: "int",
    min: 1n,
    max: 1000n,
    default: "1",
    inert: { why: "new connections are taken as they come" },
  },
  { name: "events-per-io-thread", type: "int", min: 0n, max: INT_MAX, default: "2", inert: NO_THREADS },
  { name: "prefetch-batch-max-size", type: "int", min: 0n, max: 128n, default: "16", inert: NO_THREADS },
  {
    name: "extended-redis-compatibility",
    type: "bool",
    default: "no",
    inert: { why: "replies name Redis's version already" },
  },
  {
    name: "hide-user-data-from-log",
    type: "bool",
    default: "yes",
    inert: { why: "no data of users is ever logged" },
  },
  /** Valkey has `legacy` and `logfmt`. `auto`: for people on a terminal, `legacy` elsewhere. */
  { name: "log-format", type: "enum", values: ["auto", "legacy", "human", "json", "logfmt"], default: "auto" },
  { name: "log-timestamp-format", type: "enum", values: ["legacy", "iso8601", "milliseconds"], default: "legacy" },
  { name: "dual-channel-replication-enabled", type: "bool", default: "no", inert: NO_REPLICATION },
  { name: "cluster-slot-stats-enabled", type: "bool", default: "no", inert: NO_CLUSTER },
  { name: "cluster-blacklist-ttl", type: "int", min: 0n, max: ULONG_MAX, default: "60", inert: NO_CLUSTER },
  { name: "cluster-announce-client-ipv4", type: "string", unset: true, default: "", inert: NO_CLUSTER },
  { name: "cluster-announce-client-ipv6", type: "string", unset: true, default: "", inert: NO_CLUSTER },
  { name: "debug-context", type: "string", default: "", hidden: true, inert: FOR_DEBUGGING },
  { name: "enable-debug-assert", type: "bool", default: "no", fixed: true, hidden: true, inert: FOR_DEBUGGING },
] as const satisfies readonly Option[];
