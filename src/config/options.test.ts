import { expect, test } from "bun:test";
import { join } from "node:path";
import { findOption, namesOf, OPTIONS } from "./options.ts";
import { Settings } from "./settings.ts";
import { parseValue } from "./value.ts";

const REDIS_DIRECTIVES = join(import.meta.dir, "redis72-directives.txt");
const OWN = ["cores", "io", "shards", "procedure-time-limit", "procedure-result-limit"];

test("every directive of Redis 7.2 has a row", async () => {
  const names = (await Bun.file(REDIS_DIRECTIVES).text()).split("\n").filter((name) => name !== "");
  expect(names.length).toBe(181);
  expect(names.filter((name) => findOption(name)?.name !== name)).toEqual([]);
});

test("every directive of Valkey has a row", async () => {
  const names = (await Bun.file(join(import.meta.dir, "valkey-directives.txt")).text())
    .split("\n")
    .filter((name) => name !== "");
  expect(names.length).toBe(254);
  expect(names.filter((name) => findOption(name) === undefined)).toEqual([]);
});

test("every directive of Redis 8.6 has a row", async () => {
  const names = (await Bun.file(join(import.meta.dir, "redis8-directives.txt")).text())
    .split("\n")
    .filter((name) => name !== "");
  expect(names.length).toBe(43);
  expect(names.filter((name) => findOption(name) === undefined)).toEqual([]);
});

test("Zedis's own directives have rows that the native side is told about", () => {
  for (const name of [...OWN, "procedure-keys-limit"]) expect(findOption(name)?.native).toBe(true);
});

test("no name is used twice", () => {
  const names = OPTIONS.flatMap(namesOf);
  expect(new Set(names).size).toBe(names.length);
});

test("every default is a value that its own row accepts and shows unchanged", () => {
  for (const option of OPTIONS) {
    const words = option.type === "special" || option.type === "flags" ? option.default.split(" ") : [option.default];
    if (option.name === "replicaof") continue; // its default, no master, is written `no one`
    const context = { current: "", again: false, folder: (path: string) => ({ value: path }) };
    expect({ name: option.name, ...parseValue(option, words, context) }).toEqual({
      name: option.name,
      value: option.default,
    });
  }
});

test("each row either has an effect or says why it has none", () => {
  const served = [
    "supervised",
    "syslog-enabled",
    "syslog-ident",
    "syslog-facility",
    "log-format",
    "log-timestamp-format",
  ];
  served.push(
    "aclfile",
    "daemonize",
    "dir",
    "loglevel",
    "oom-score-adj",
    "oom-score-adj-values",
    "pidfile",
    "proc-title-template",
    "set-proc-title",
    "unixsocketgroup",
  );
  served.push("procedure-quickjs-memory-limit", "procedure-engine-default", "procedure-trusted-users");
  served.push("admin-port", "admin-bind", "admin-allowed-hosts", "admin-body-limit", "admin-reply-limit");
  served.push("admin-rate-limit", "admin-busy-share", "admin-events-buffer", "procedure-versions");
  served.push("rdb-save-incremental-fsync", "rdb-save-rate-limit", "stop-writes-on-bgsave-error");
  served.push("appendonly", "appendfilename", "appenddirname", "aof-load-truncated", "aof-use-rdb-preamble");
  served.push("shutdown-on-sigint", "shutdown-on-sigterm", "always-show-logo");
  served.push("aof-rewrite-incremental-fsync", "auto-aof-rewrite-percentage", "auto-aof-rewrite-min-size");
  for (const option of OPTIONS) {
    const ways = [
      option.native === true,
      option.inert !== undefined,
      option.together !== undefined,
      served.includes(option.name),
    ];
    expect({ name: option.name, ways: ways.filter(Boolean).length }).toEqual({ name: option.name, ways: 1 });
  }
});

test("a directive is found by its older name and in any case", () => {
  expect(findOption("HASH-MAX-ZIPLIST-ENTRIES")?.name).toBe("hash-max-listpack-entries");
  expect(findOption("slaveof")?.name).toBe("replicaof");
  expect(findOption("nosuch")).toBeUndefined();
});

test("the native side gets plain numbers, bytes and names", () => {
  const settings = new Settings("/work");
  settings.replace("unixsocketperm", "700");
  const entries = new Map(settings.nativeEntries());
  expect(entries.get("unixsocketperm")).toBe("448");
  expect(entries.get("proto-max-bulk-len")).toBe("536870912");
  expect(entries.get("protected-mode")).toBe("yes");
  expect(entries.get("maxmemory-policy")).toBe("noeviction");
  expect(entries.has("appendonly")).toBe(false);
});

test("typed readers give numbers and flags", () => {
  const settings = new Settings("/work");
  expect(settings.number("maxclients")).toBe(10000);
  expect(settings.flag("protected-mode")).toBe(true);
  expect(settings.get("dir")).toBe("/work");
  expect(() => settings.number("loglevel")).toThrow("does not hold a number");
});
