/**
 * RDB files at the start: every file of ../shared/fixtures/rdb, value by value against the expected contents beside it and as a whole
 * against a redis-server that has loaded the same file; what a server says and refuses meanwhile; files that are damaged.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { itemsOf, numberOf, show, textOf } from "../harness/resp.ts";
import { runServer, type Server, StartFailure, startServer } from "../harness/server.ts";
import { isOracle, oraclePath, oracleVersion } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";
import { COMMON } from "./samples.ts";

const FIXTURES = join(import.meta.dir, "../../../shared/fixtures/rdb");
const files = existsSync(FIXTURES)
  ? [FIXTURES, join(FIXTURES, "older")].flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith(".rdb"))
        .map((name) => join(folder, name)),
    )
  : [];

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "zedis-load-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A server that has loaded a file; null where redis-server does not know it. */
async function loaded(kind: "zedis" | "redis", file: string): Promise<Server | null> {
  copyFileSync(file, join(folder, "test.rdb"));
  try {
    return await startServer({ kind, options: { dir: folder, dbfilename: "test.rdb" } });
  } catch (error) {
    if (kind === "redis" && error instanceof StartFailure) return null;
    throw error;
  }
}

interface Expected {
  readonly db: number;
  readonly key: string;
  readonly type: string;
  readonly expiration?: string;
  readonly value?: string;
  readonly values?: readonly string[];
  readonly members?: readonly string[];
  readonly hash?: Readonly<Record<string, string>>;
  readonly expire?: Readonly<Record<string, number>>;
  readonly entries?: readonly { member: string; score: number; msgs?: readonly Message[] }[];
  readonly len?: number;
  readonly lastId?: string;
  readonly groups?: readonly { name: string; lastId: string; pending: readonly { id: string }[] }[];
  readonly functionsLua?: string;
}
interface Message {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly deleted: boolean;
}

const texts = async (wire: Wire, command: readonly string[]): Promise<string[]> =>
  itemsOf(await wire.call(command)).map(textOf);

/** Compares a key with what is expected of it. */
async function compare(wire: Wire, wanted: Expected): Promise<void> {
  const { key } = wanted;
  if (wanted.type === "aux") return;
  if (wanted.type === "functions") {
    expect(show(await wire.call("FUNCTION LIST WITHCODE"))).toContain("redis.register_function('myfunc'");
    expect(textOf(await wire.call("FCALL myfunc 0"))).toBe("hello");
    return;
  }
  await wire.call(["SELECT", String(wanted.db)]);
  if (wanted.expiration !== undefined && Date.parse(wanted.expiration) < Date.now()) {
    expect(numberOf(await wire.call(["EXISTS", key]))).toBe(0);
    return;
  }
  switch (wanted.type) {
    case "string":
      expect(textOf(await wire.call(["GET", key]))).toBe(wanted.value as string);
      break;
    case "list":
      expect(await texts(wire, ["LRANGE", key, "0", "-1"])).toEqual([...(wanted.values ?? [])]);
      break;
    case "set":
      expect((await texts(wire, ["SMEMBERS", key])).sort()).toEqual([...(wanted.members ?? [])].sort());
      break;
    case "hash": {
      const all = await texts(wire, ["HGETALL", key]);
      const pairs = all.flatMap((text, index) => (index % 2 === 0 ? [[text, all[index + 1] as string] as const] : []));
      expect(Object.fromEntries(pairs)).toEqual({ ...wanted.hash });
      for (const [field, at_ms] of Object.entries(wanted.expire ?? {})) {
        const reply = itemsOf(await wire.call(["HPEXPIRETIME", key, "FIELDS", "1", field]));
        expect(show(reply[0] as (typeof reply)[0])).toBe(`:${at_ms === 0 ? -1 : at_ms}`);
      }
      break;
    }
    case "zset": {
      const all = await texts(wire, ["ZRANGE", key, "0", "-1", "WITHSCORES"]);
      const found = new Map(all.flatMap((text, index) => (index % 2 === 0 ? [[text, Number(all[index + 1])]] : [])));
      expect(found.size).toBe(wanted.entries?.length ?? 0);
      for (const { member, score } of wanted.entries ?? [])
        expect([member, found.get(member)]).toEqual([member, score]);
      break;
    }
    case "stream": {
      const messages = (wanted.entries ?? []).flatMap(({ msgs }) => msgs ?? []).filter(({ deleted }) => !deleted);
      const entries = itemsOf(await wire.call(["XRANGE", key, "-", "+"])).map((entry) => {
        const [id, fields] = itemsOf(entry);
        const words = itemsOf(fields as NonNullable<typeof fields>).map(textOf);
        const pairs = words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1]] as const] : []));
        return { id: textOf(id), fields: Object.fromEntries(pairs) };
      });
      expect(entries).toEqual(messages.map(({ id, fields }) => ({ id, fields: { ...fields } })));
      const info = show(await wire.call(["XINFO", "STREAM", key, "FULL"]));
      expect(info).toContain(`"last-generated-id", "${wanted.lastId}"`);
      for (const group of wanted.groups ?? []) {
        expect(info).toContain(`"name", "${group.name}", "last-delivered-id", "${group.lastId}"`);
        const pending = show(await wire.call(["XPENDING", key, group.name]));
        expect(pending).toStartWith(`[:${group.pending?.length ?? 0},`);
      }
      break;
    }
    default:
      throw new Error(`a type that is not compared: ${wanted.type}`);
  }
}

describe.skipIf(isOracle || files.length === 0)("A file at the start", () => {
  for (const file of files) {
    test(`${file.includes("older") ? "older/" : ""}${basename(file)} is loaded as it should be`, async () => {
      const here = (await loaded("zedis", file)) as Server;
      try {
        const wire = await here.connect();
        const contents = file.replace(/\.rdb$/, ".json");
        if (existsSync(contents)) {
          for (const wanted of (await Bun.file(contents).json()) as Expected[]) await compare(wire, wanted);
        }
        expect(here.log).toContain("DB loaded from disk");
        if (oraclePath() === null) return;
        const there = await loaded("redis", file);
        if (there === null) {
          expect(file).toMatch(/module|hfe|set_listpack|listoacks_3|expiration|function|tree|zipmap_big_len/);
          return;
        }
        try {
          const other = await there.connect();
          expect(show(await wire.call("DEBUG DIGEST"))).toBe(show(await other.call("DEBUG DIGEST")));
        } finally {
          await there.stop();
        }
      } finally {
        await here.stop();
      }
    }, 30_000);
  }
});

describe.skipIf(isOracle || oraclePath() === null)("What a redis-server saved", () => {
  let file = "";
  let digest = "";
  beforeAll(async () => {
    const there = await startServer({ kind: "redis" });
    const wire = await there.connect();
    await wire.pipeline(COMMON);
    await wire.pipeline(["SET gone v PX 1", "SELECT 3", "SET other database", "FUNCTION LOAD x"]);
    await wire.call(["FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('there', function() return 7 end)"]);
    await Bun.sleep(5);
    await wire.pipeline(["SELECT 0", "GET gone"]);
    digest = show(await wire.call("DEBUG DIGEST"));
    await wire.call("SAVE");
    file = join(folder, "saved.rdb");
    copyFileSync(join(there.folder, "dump.rdb"), file);
    await there.stop();
  });

  test("is loaded with every type, database and library, and has the same digest", async () => {
    const here = (await loaded("zedis", file)) as Server;
    const wire = await here.connect();
    expect(show(await wire.call("DEBUG DIGEST"))).toBe(digest);
    expect(numberOf(await wire.call("FCALL there 0"))).toBe(7);
    const info = textOf(await wire.call("INFO persistence"));
    expect(info).toContain("loading:0");
    expect(numberOf(await wire.call("DBSIZE"))).toBeGreaterThan(20);
    expect(info).toMatch(/rdb_last_load_keys_loaded:[1-9]/);
    expect(here.log).toContain(`Loading RDB produced by version ${oracleVersion()}`);
    await here.stop();
  }, 30_000);

  test("is waited for: commands are refused with LOADING, INFO says how far it is", async () => {
    copyFileSync(file, join(folder, "slow.rdb"));
    const options = { dir: folder, dbfilename: "slow.rdb", "key-load-delay": "2000000" };
    const here = await startServer({ kind: "zedis", options, ready: "Loading RDB produced" });
    const wire = await here.connect();
    const refused = "-LOADING Redis is loading the dataset in memory";
    expect(show(await wire.call("GET text"))).toBe(refused);
    expect(show(await wire.call("PING"))).toBe(refused);
    expect(show(await wire.call("EVAL return 0"))).toBe(refused);
    const info = textOf(await wire.call("INFO persistence"));
    expect(info).toContain("loading:1\r\n");
    expect(info).toMatch(/loading_total_bytes:\d+\r\nloading_rdb_used_mem:\d+\r\nloading_loaded_bytes:\d+/);
    expect(info).toMatch(/loading_loaded_perc:\d+\.\d\d\r\nloading_eta_seconds:\d+/);
    expect(show(await wire.call("CONFIG SET key-load-delay 0"))).toBe("+OK");
    await until("the end of loading", () => here.log.includes("Ready to accept connections"), { limit_ms: 30_000 });
    expect(show(await wire.call("DEBUG DIGEST"))).toBe(digest);
    expect(textOf(await wire.call("INFO persistence"))).toContain("loading:0\r\n");
    await here.stop();
  }, 60_000);

  test("is not waited for by a shutdown", async () => {
    copyFileSync(file, join(folder, "left.rdb"));
    const options = { dir: folder, dbfilename: "left.rdb", "key-load-delay": "2000000" };
    const here = await startServer({ kind: "zedis", options, ready: "Loading RDB produced" });
    expect(await here.stop()).toBe(0);
    expect(here.log).toContain("ready to exit");
    expect(here.log).not.toContain("Ready to accept connections");
  }, 60_000);

  test("and was damaged stops the start with what is wrong and where", async () => {
    const bytes = Buffer.from(await Bun.file(file).arrayBuffer());
    const start = async (content: Uint8Array) => {
      await Bun.write(join(folder, "damaged.rdb"), content);
      return runServer(["--port", "0", "--dir", folder, "--dbfilename", "damaged.rdb"]);
    };
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 3] = (flipped[bytes.length - 3] as number) ^ 1;
    for (const [content, text] of [
      [flipped, "Wrong RDB checksum expected"],
      [bytes.subarray(0, bytes.length / 2), "offset"],
      [Buffer.from("not a file of keys"), "Wrong signature trying to load DB from file"],
      [Buffer.from("REDIS9999"), "Can't handle RDB format version 9999"],
    ] as const) {
      const { exitCode, output } = await start(content);
      expect(exitCode).toBe(1);
      expect(output).toContain(text);
      expect(output).toContain("Fatal error loading the DB");
    }
  }, 60_000);
});

describe.skipIf(isOracle)("A file of many keys", () => {
  test("is loaded by several threads, and the log and INFO tell how far it is", async () => {
    const [keys, seed] = [60_000, { dir: folder, dbfilename: "many.rdb" }];
    const first = await startServer({ kind: "zedis", options: seed });
    const wire = await first.connect();
    await wire.pipeline([`DEBUG POPULATE ${keys}`, ...COMMON, "SELECT 2", "DEBUG POPULATE 5000 other 100", "SAVE"]);
    const digest = show(await wire.call("DEBUG DIGEST"));
    await first.stop();
    // A millisecond after each key: it takes a minute, unless it is told to go on.
    const slow = { kind: "zedis", options: { ...seed, "key-load-delay": "1000" }, ready: "% (" } as const;
    const server = await startServer(slow);
    const other = await server.connect();
    expect(server.log).toMatch(/Loading: \d+\.\d\d% \(\d+\.\d of \d+\.\d Mb\), \d+ keys, \d+ keys a second/);
    const info = textOf(await other.call("INFO persistence"));
    expect(info).toMatch(/loading_eta_seconds:\d+\r\nloading_keys:\d+\r\nloading_keys_per_sec:\d+/);
    const field = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]);
    expect(field("loading_loaded_bytes")).toBeGreaterThan(0);
    expect(field("loading_loaded_bytes")).toBeLessThan(field("loading_total_bytes"));
    expect(field("loading_rdb_used_mem")).toBeGreaterThan(keys);
    await other.call("CONFIG SET key-load-delay 0");
    await until("the end", () => server.log.includes("Ready to accept connections"), { limit_ms: 60_000 });
    expect(show(await other.call("DEBUG DIGEST"))).toBe(digest);
    expect(server.log).toMatch(/RDB memory usage when created \d+\.\d\d Mb/);
    await server.stop();
  }, 120_000);

  test("with collections that hold nothing is loaded without them, and the log names them", async () => {
    const bytes = `REDIS0009\xfe\0\u0001\u0004gone\0\u0004\u0004none\0\0\u0001k\u0001v\xff${"\0".repeat(8)}`;
    await Bun.write(join(folder, "empty.rdb"), Buffer.from(bytes, "latin1"));
    const server = await startServer({ kind: "zedis", options: { dir: folder, dbfilename: "empty.rdb" } });
    const wire = await server.connect();
    expect(show(await wire.call("KEYS *"))).toBe(show(await wire.call(["KEYS", "k"])));
    for (const line of ["skipping empty key: gone", "skipping empty key: none", "empty keys skipped: 2"]) {
      expect(server.log).toContain(line);
    }
    await server.stop();
  }, 60_000);

  test("with a key twice is refused for the first that comes again", async () => {
    const pair = (key: string) => `\0\u0003${key}\u0001v`;
    const many = Array.from({ length: 900 }, (_, index) =>
      pair(String.fromCharCode(65 + (index % 26)) + "xy".at(index % 2) + (index % 10)),
    );
    await Bun.write(join(folder, "twice.rdb"), Buffer.from(`REDIS0009${many.join("")}\xff${"\0".repeat(8)}`, "latin1"));
    const { exitCode, output } = await runServer(["--port", "0", "--dir", folder, "--dbfilename", "twice.rdb"]);
    expect(exitCode).toBe(1);
    expect(output).toContain("RDB has duplicated key 'Ax0' in DB 0");
  }, 60_000);
});
