/** Directives about listening, clients, the process and its log. */

import { INT_MAX, LONG_MAX, type Option, UINT_MAX } from "./option.ts";
import { BIND, CLIENT_OUTPUT_BUFFER_LIMIT, DIR, OOM_SCORE_ADJ_VALUES, PERCENTILES } from "./special.ts";

const MEBIBYTE = 1n << 20n;

const NO_TLS_CLIENT = { why: "this server makes no connections of its own" };
const NO_DH = { why: "keys are agreed on over elliptic curves only" };
const NO_CPU_LISTS = { why: "each core thread is pinned to its own CPU; see 'cores'" };
const NO_THREADS = { why: "every core reads, executes and writes; see 'cores'" };
const NO_CRASH_REPORT = { why: "a crash report has no more than signal and stack trace" };
const DEBUG_ONLY = { why: "it serves tests of Redis itself" };

export const SERVER_OPTIONS = [
  // Listening
  { name: "bind", type: "special", special: BIND, default: "* -::*", together: "sockets" },
  { name: "port", type: "int", min: 0n, max: 65535n, default: "6379", together: "sockets" },
  { name: "tcp-backlog", type: "int", min: 0n, max: INT_MAX, default: "511", fixed: true, native: true },
  { name: "unixsocket", type: "string", unset: true, default: "", fixed: true, native: true },
  { name: "unixsocketperm", type: "octal", min: 0n, max: 0o777n, default: "0", fixed: true, native: true },
  { name: "protected-mode", type: "bool", default: "yes", native: true },
  {
    name: "socket-mark-id",
    type: "int",
    min: 0n,
    max: UINT_MAX,
    default: "0",
    fixed: true,
    inert: { why: "sockets are not marked" },
  },

  // Clients
  { name: "maxclients", type: "int", min: 1n, max: UINT_MAX, default: "10000", native: true },
  { name: "timeout", type: "int", min: 0n, max: INT_MAX, default: "0", native: true },
  { name: "tcp-keepalive", type: "int", min: 0n, max: INT_MAX, default: "300", native: true },
  { name: "requirepass", type: "string", unset: true, default: "", secret: true, native: true },
  { name: "proto-max-bulk-len", type: "memory", min: MEBIBYTE, max: LONG_MAX, default: "536870912", native: true },
  {
    name: "client-query-buffer-limit",
    type: "memory",
    min: MEBIBYTE,
    max: LONG_MAX,
    default: "1073741824",
    native: true,
  },
  {
    name: "client-output-buffer-limit",
    type: "special",
    special: CLIENT_OUTPUT_BUFFER_LIMIT,
    default: "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
    native: true,
  },
  {
    name: "client-default-resp",
    type: "int",
    min: 2n,
    max: 3n,
    default: "2",
    fixed: true,
    hidden: true,
    inert: DEBUG_ONLY,
  },
  {
    name: "tracking-table-max-keys",
    type: "int",
    min: 0n,
    max: LONG_MAX,
    default: "1000000",
    native: true,
  },

  // Guards
  { name: "aclfile", type: "string", default: "", fixed: true },
  {
    name: "acl-pubsub-default",
    type: "enum",
    values: ["allchannels", "resetchannels"],
    default: "resetchannels",
    native: true,
  },
  { name: "acllog-max-len", type: "int", min: 0n, max: LONG_MAX, default: "128", native: true },
  {
    name: "enable-debug-command",
    type: "enum",
    values: ["no", "yes", "local"],
    default: "no",
    fixed: true,
    native: true,
  },
  {
    name: "enable-protected-configs",
    type: "enum",
    values: ["no", "yes", "local"],
    default: "no",
    fixed: true,
    native: true,
  },
  {
    name: "enable-module-command",
    type: "enum",
    values: ["no", "yes", "local"],
    default: "no",
    fixed: true,
    native: true,
  },

  // Process
  { name: "dir", type: "special", special: DIR, default: "", protected: true },
  { name: "logfile", type: "string", default: "", fixed: true, native: true },
  {
    name: "loglevel",
    type: "enum",
    values: ["debug", "verbose", "notice", "warning", "nothing"],
    default: "notice",
  },
  { name: "pidfile", type: "string", unset: true, default: "", fixed: true },
  { name: "daemonize", type: "bool", default: "no", fixed: true },
  {
    name: "supervised",
    type: "enum",
    values: ["upstart", "systemd", "auto", "no"],
    default: "no",
    fixed: true,
  },
  { name: "always-show-logo", type: "bool", default: "no", fixed: true },
  { name: "set-proc-title", type: "bool", default: "yes", fixed: true },
  {
    name: "proc-title-template",
    type: "string",
    default: "{title} {listen-addr} {server-mode}",
    check: checkTitleTemplate,
  },
  { name: "syslog-enabled", type: "bool", default: "no", fixed: true },
  { name: "syslog-ident", type: "string", default: "redis", fixed: true },
  {
    name: "syslog-facility",
    type: "enum",
    values: ["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"],
    default: "local0",
    fixed: true,
  },
  {
    name: "server_cpulist",
    alias: "server-cpulist",
    type: "string",
    unset: true,
    default: "",
    fixed: true,
    inert: NO_CPU_LISTS,
  },
  {
    name: "bio_cpulist",
    alias: "bio-cpulist",
    type: "string",
    unset: true,
    default: "",
    fixed: true,
    inert: NO_CPU_LISTS,
  },
  {
    name: "aof_rewrite_cpulist",
    alias: "aof-rewrite-cpulist",
    type: "string",
    unset: true,
    default: "",
    fixed: true,
    inert: NO_CPU_LISTS,
  },
  {
    name: "bgsave_cpulist",
    alias: "bgsave-cpulist",
    type: "string",
    unset: true,
    default: "",
    fixed: true,
    inert: NO_CPU_LISTS,
  },
  { name: "io-threads", type: "int", min: 1n, max: 128n, default: "1", fixed: true, inert: NO_THREADS },
  { name: "io-threads-do-reads", type: "bool", default: "no", fixed: "same", inert: NO_THREADS },
  {
    name: "oom-score-adj",
    type: "enum",
    values: ["no", "yes", "absolute"],
    same: { relative: "yes" },
    default: "no",
  },
  {
    name: "oom-score-adj-values",
    type: "special",
    special: OOM_SCORE_ADJ_VALUES,
    default: "0 200 800",
  },
  {
    name: "disable-thp",
    type: "bool",
    default: "yes",
    fixed: true,
    inert: { why: "the setting of the kernel is left alone" },
  },
  { name: "crash-log-enabled", type: "bool", default: "yes", native: true },
  { name: "crash-memcheck-enabled", type: "bool", default: "yes", inert: NO_CRASH_REPORT },
  { name: "use-exit-on-panic", type: "bool", default: "no", hidden: true, inert: NO_CRASH_REPORT },
  {
    name: "watchdog-period",
    type: "int",
    min: 0n,
    max: INT_MAX,
    default: "0",
    hidden: true,
    inert: { why: "there is no software watchdog" },
  },
  { name: "ignore-warnings", type: "string", default: "", inert: { why: "no check of the machine stops the start" } },
  {
    name: "locale-collate",
    type: "string",
    default: "",
    inert: { why: "strings are compared byte by byte" },
  },
  { name: "req-res-logfile", type: "string", unset: true, default: "", fixed: true, hidden: true, inert: DEBUG_ONLY },
  {
    name: "shutdown-timeout",
    type: "int",
    min: 0n,
    max: INT_MAX,
    default: "10",
    inert: { why: "there are no replicas to wait for" },
  },
  {
    name: "shutdown-on-sigint",
    type: "flags",
    values: ["default", "save", "nosave", "now", "force"],
    default: "default",
    check: checkShutdown,
  },
  {
    name: "shutdown-on-sigterm",
    type: "flags",
    values: ["default", "save", "nosave", "now", "force"],
    default: "default",
    check: checkShutdown,
  },

  // Observation
  { name: "hz", type: "int", min: 0n, max: INT_MAX, clamp: [1n, 500n], default: "10", native: true },
  {
    name: "dynamic-hz",
    type: "bool",
    default: "yes",
    inert: { why: "each core paces its own timers" },
  },
  {
    name: "slowlog-log-slower-than",
    alias: "commandlog-execution-slower-than",
    type: "int",
    min: -1n,
    max: LONG_MAX,
    default: "10000",
    native: true,
  },
  {
    name: "slowlog-max-len",
    alias: "commandlog-slow-execution-max-len",
    type: "int",
    min: 0n,
    max: LONG_MAX,
    default: "128",
    native: true,
  },
  // Valkey's: bytes from which a request or a reply is logged.
  { name: "commandlog-request-larger-than", type: "int", min: -1n, max: LONG_MAX, default: "1048576", native: true },
  { name: "commandlog-large-request-max-len", type: "int", min: 0n, max: LONG_MAX, default: "128", native: true },
  { name: "commandlog-reply-larger-than", type: "int", min: -1n, max: LONG_MAX, default: "1048576", native: true },
  { name: "commandlog-large-reply-max-len", type: "int", min: 0n, max: LONG_MAX, default: "128", native: true },
  { name: "latency-monitor-threshold", type: "int", min: 0n, max: LONG_MAX, default: "0", native: true },
  { name: "latency-tracking", type: "bool", default: "yes", native: true },
  {
    name: "latency-tracking-info-percentiles",
    type: "special",
    special: PERCENTILES,
    default: "50 99 99.9",
    native: true,
  },

  // TLS
  { name: "tls-port", type: "int", min: 0n, max: 65535n, default: "0", together: "sockets" },
  { name: "tls-cluster", type: "bool", default: "no", inert: { why: "there is no cluster bus yet" } },
  { name: "tls-replication", type: "bool", default: "no", inert: { why: "there are no replicas yet" } },
  { name: "tls-auth-clients", type: "enum", values: ["no", "yes", "optional"], default: "yes", together: "tls" },
  { name: "tls-auth-clients-user", type: "enum", values: ["off", "cn", "uri"], default: "off", together: "tls" },
  { name: "tls-prefer-server-ciphers", type: "bool", default: "no", together: "tls" },
  { name: "tls-session-caching", type: "bool", default: "yes", together: "tls" },
  { name: "tls-session-cache-size", type: "int", min: 0n, max: INT_MAX, default: "20480", together: "tls" },
  { name: "tls-session-cache-timeout", type: "int", min: 0n, max: INT_MAX, default: "300", together: "tls" },
  { name: "tls-cert-file", type: "string", unset: true, default: "", together: "tls" },
  { name: "tls-key-file", type: "string", unset: true, default: "", together: "tls" },
  { name: "tls-key-file-pass", type: "string", unset: true, default: "", secret: true, together: "tls" },
  { name: "tls-client-cert-file", type: "string", unset: true, default: "", inert: NO_TLS_CLIENT },
  { name: "tls-client-key-file", type: "string", unset: true, default: "", inert: NO_TLS_CLIENT },
  { name: "tls-client-key-file-pass", type: "string", unset: true, default: "", secret: true, inert: NO_TLS_CLIENT },
  { name: "tls-dh-params-file", type: "string", unset: true, default: "", inert: NO_DH },
  { name: "tls-ca-cert-file", type: "string", unset: true, default: "", together: "tls" },
  { name: "tls-ca-cert-dir", type: "string", unset: true, default: "", together: "tls" },
  { name: "tls-protocols", type: "string", unset: true, default: "", together: "tls" },
  { name: "tls-ciphers", type: "string", unset: true, default: "", together: "tls" },
  { name: "tls-ciphersuites", type: "string", unset: true, default: "", together: "tls" },
] as const satisfies readonly Option[];

/** Variables of a title; those marked false may stand for nothing, and a title must not be empty. */
const TITLE_VARIABLES: Readonly<Record<string, boolean>> = {
  title: false,
  "listen-addr": true,
  "server-mode": false,
  port: true,
  "tls-port": true,
  unixsocket: false,
  "config-file": false,
};

/** Null when every `{variable}` is known and closed (`{{` is a brace) and something is left to show. */
function checkTitleTemplate(template: string): string | null {
  let valid = true;
  const shown = template.replace(/\{(\{|[^}]*\}?)/g, (_whole, part: string) => {
    if (part === "{") return "{";
    const filled = part.endsWith("}") ? TITLE_VARIABLES[part.slice(0, -1)] : undefined;
    if (filled === undefined) valid = false;
    return filled === true ? "x" : "";
  });
  return valid && shown.trim() !== "" ? null : "template format is invalid or contains unknown variables";
}

function checkShutdown(value: string): string | null {
  const flags = value.split(" ");
  const both = flags.includes("save") && flags.includes("nosave");
  return both ? "shutdown options SAVE and NOSAVE can't be used simultaneously" : null;
}
