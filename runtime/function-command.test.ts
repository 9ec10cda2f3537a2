/** FUNCTION over a registry whose cores are a list of what they were told. */
import { beforeEach, describe, expect, test } from "bun:test";
import { encodeReply, type ReplyValue, Simple } from "../src/core/reply.ts";
import { JscCompiler } from "./engines/jsc/jsc-engine.ts";
import { functionCommand, keptSource, type RunningProcedure } from "./function-command.ts";
import type { Message } from "./mail.ts";
import { LibraryRegistry, type Manifest } from "./registry.ts";
import { LibraryVersions } from "./versions.ts";

let told: Message[];
let published: Manifest[];
let refuse: string | undefined;
let running: RunningProcedure | null;
let killed: string;
let registry: LibraryRegistry;
let versions: LibraryVersions;
let versionsKept: number;
const compilers = [new JscCompiler()];

beforeEach(() => {
  told = [];
  published = [];
  refuse = undefined;
  running = null;
  killed = "NOTBUSY No scripts in execution right now.";
  versionsKept = 3;
  versions = new LibraryVersions(() => versionsKept);
  registry = new LibraryRegistry({
    enginePolicy: () => ({ engineDefault: "jsc", trustedUsers: "*" }),
    compilers,
    broadcast: async (message) => {
      told.push(message);
      if (message.op === "thaw" && refuse !== undefined) throw new Error(refuse);
    },
    publish: (manifest) => published.push(manifest),
    later: () => undefined,
    onLoaded: (library, user) =>
      versions.note(library.name, { language: library.language, source: keptSource(library), user }),
  });
});

const figures = [{ name: "sell", library: "shop", calls: 3, p50_usec: 1.25 }];

async function call(...args: string[]): Promise<ReplyValue> {
  const payload = { write: () => new Uint8Array(), read: () => [] };
  const command = functionCommand({
    registry,
    payload,
    running: () => running,
    figures: () => figures,
    kill: () => killed,
    versions,
  });
  return command(
    ["FUNCTION", ...args].map((arg) => Buffer.from(arg)),
    { proto: 3 },
  );
}

const resp = async (...args: string[]) => Buffer.from(encodeReply(await call(...args), 3)).toString();
const SHOP =
  "#!ts name=shop\n/** Sells.\n * @no-writes */\nexport function sell(id: string, n?: number): boolean { return true }";

describe("FUNCTION LOAD", () => {
  test("replies with the library's name once every core has it, then publishes it", async () => {
    expect(await call("load", SHOP)).toBe("shop");
    expect(told.map((message) => message.op)).toEqual(["thaw"]);
    expect(published).toEqual([
      {
        version: 1,
        source_bytes: SHOP.length,
        functions: [{ name: "sell", library: "shop", id: 1, flags: ["no-writes"] }],
        lua: [],
      },
    ]);
  });

  test("of a name that is taken needs REPLACE, and then takes new numbers and lets the old go", async () => {
    await call("LOAD", SHOP);
    expect(await resp("LOAD", SHOP)).toBe("-ERR Library 'shop' already exists\r\n");
    expect(await call("LOAD", "replace", SHOP)).toBe("shop");
    expect(published.at(-1)?.functions.map((fn) => fn.id)).toEqual([2]);
    expect(told.at(-1)).toEqual({ op: "drop", ids: [1] });
  });

  test("of a function that another library has is refused", async () => {
    await call("LOAD", SHOP);
    expect(await resp("LOAD", SHOP.replace("name=shop", "name=other"))).toBe("-ERR Function sell already exists\r\n");
    expect(published).toHaveLength(1);
  });

  test("that a core refuses changes nothing, and every core forgets it", async () => {
    await call("LOAD", SHOP);
    refuse = "Error compiling function: not today (shop at shop.ts:1:1)";
    expect(await resp("LOAD", "REPLACE", SHOP)).toBe(`-ERR ${refuse}\r\n`);
    expect(told.at(-1)).toEqual({ op: "drop", ids: [2] });
    expect(published).toHaveLength(1);
    expect(registry.list().map((library) => library.functions[0]?.id)).toEqual([1]);
  });

  test("of bad code tells what and where", async () => {
    expect(await resp("LOAD", "#!ts name=bad\nfunction f(x: Date) {}")).toMatch(
      /^-ERR Function f: .*\(bad\.ts:2:15\)\r\n$/,
    );
    expect(await resp("LOAD", "#!ts name=bad\nlet x: = 1")).toMatch(
      /^-ERR Error compiling function: .*\(bad\.ts:2:8\)\r\n$/,
    );
  });

  test("of two at once happens in turn", async () => {
    const replies = await Promise.all([resp("LOAD", SHOP), resp("LOAD", SHOP), resp("LOAD", "REPLACE", SHOP)]);
    expect(replies.map((reply) => reply.slice(0, 5))).toEqual(["$4\r\ns", "-ERR ", "$4\r\ns"]);
  });

  test.each([
    [["LOAD"], "-ERR wrong number of arguments for 'function|load' command\r\n"],
    [["LOAD", "RAPLACE", "x"], "-ERR Unknown option given: RAPLACE\r\n"],
    [["LOAD", "x"], "-ERR Missing library metadata\r\n"],
  ])("%j replies %j", async (args, reply) => {
    expect(await resp(...args)).toBe(reply);
  });
});

describe("FUNCTION LIST", () => {
  test("shows functions with flags; the code, or parameters and types, where asked", async () => {
    await call("LOAD", SHOP);
    await call("LOAD", "#!js name=Other\nexport const f = (a, ...rest) => a");
    const sell: [string, ReplyValue][] = [
      ["name", "sell"],
      ["description", "Sells."],
      ["flags", new Set([new Simple("no-writes")])],
    ];
    const typed: [string, ReplyValue][] = [
      ...sell,
      [
        "parameters",
        [
          new Map<string, ReplyValue>([
            ["name", "id"],
            ["type", "string"],
            ["optional", false],
            ["rest", false],
          ]),
          new Map<string, ReplyValue>([
            ["name", "n"],
            ["type", "number"],
            ["optional", true],
            ["rest", false],
          ]),
        ],
      ],
      ["returns", "boolean"],
    ];
    const shop = (fn: [string, ReplyValue][], ...more: [string, ReplyValue][]) =>
      new Map<string, ReplyValue>([["library_name", "shop"], ["engine", "TS"], ["functions", [new Map(fn)]], ...more]);
    // Nothing but Redis's fields: go-redis refuses others.
    expect(await call("LIST", "LIBRARYNAME", "SH*")).toEqual([shop(sell)]);
    expect(await call("LIST", "WITHTYPES", "LIBRARYNAME", "SH*")).toEqual([shop(typed)]);
    expect(await call("LIST", "WITHCODE", "LIBRARYNAME", "shop")).toEqual([shop(sell, ["library_code", SHOP])]);
    expect(await call("LIST")).toHaveLength(2);
  });

  test.each([
    [["LIST", "LIBRARYNAME"], "-ERR library name argument was not given\r\n"],
    [["LIST", "FOO"], "-ERR Unknown argument FOO\r\n"],
    [["LIST", "WITHCODE", "WITHCODE"], "-ERR Unknown argument WITHCODE\r\n"],
    [["LIST"], "*0\r\n"],
  ])("%j replies %j", async (args, reply) => {
    expect(await resp(...args)).toBe(reply);
  });
});

test("FUNCTION DELETE takes a library away, once", async () => {
  await call("LOAD", SHOP);
  expect(await resp("DELETE", "shop")).toBe("+OK\r\n");
  expect(published.at(-1)?.functions).toEqual([]);
  expect(told.at(-1)).toEqual({ op: "drop", ids: [1] });
  expect(await resp("DELETE", "shop")).toBe("-ERR Library not found\r\n");
});

test("FUNCTION FLUSH takes all away, in either mode", async () => {
  for (const mode of [[], ["ASYNC"], ["sync"]]) {
    await call("LOAD", SHOP);
    expect(await resp("FLUSH", ...mode)).toBe("+OK\r\n");
    expect(registry.list()).toEqual([]);
  }
  expect(await resp("FLUSH", "NOW")).toBe("-ERR FUNCTION FLUSH only supports SYNC|ASYNC option\r\n");
  expect(await resp("FLUSH", "SYNC", "x")).toBe(
    "-ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP.\r\n",
  );
});

test("FUNCTION STATS WITHFUNCTIONS shows what each function did in a third field", async () => {
  expect((await call("STATS")) as Map<string, ReplyValue>).toHaveProperty("size", 2);
  const stats = (await call("STATS", "withfunctions")) as Map<string, ReplyValue>;
  const sell = new Map<string, ReplyValue>(Object.entries({ library: "shop", calls: 3, p50_usec: "1.250" }));
  expect(stats.get("functions")).toEqual(new Map([["sell", sell]]));
});

test("FUNCTION STATS counts libraries and functions, and shows what runs", async () => {
  await call("LOAD", SHOP);
  const counts = (libraries: number, functions: number) =>
    new Map<string, ReplyValue>([
      ["libraries_count", libraries],
      ["functions_count", functions],
    ]);
  const engines = new Map<string, ReplyValue>([
    ["TS", counts(1, 1)],
    ["JS", counts(0, 0)],
    ["LUA", counts(0, 0)],
  ]);
  expect(await call("STATS")).toEqual(
    new Map<string, ReplyValue>([
      ["running_script", null],
      ["engines", engines],
    ]),
  );
  running = { name: "sell", command: ["FCALL", "sell", "0"], durationMs: 6006.7 };
  expect(await resp("STATS")).toStartWith(
    "%2\r\n$14\r\nrunning_script\r\n%3\r\n$4\r\nname\r\n$4\r\nsell\r\n$7\r\ncommand\r\n*3\r\n$5\r\nFCALL\r\n$4\r\nsell\r\n$1\r\n0\r\n$11\r\nduration_ms\r\n:6006\r\n",
  );
});

test("FUNCTION KILL passes on what came of it", async () => {
  expect(await resp("KILL")).toBe("-NOTBUSY No scripts in execution right now.\r\n");
  killed = "OK";
  expect(await resp("KILL")).toBe("+OK\r\n");
});

test.each([
  [[], "-ERR wrong number of arguments for 'function' command\r\n"],
  [["NOPE"], "-ERR unknown subcommand 'NOPE'. Try FUNCTION HELP.\r\n"],
  [["__proto__"], "-ERR unknown subcommand '__proto__'. Try FUNCTION HELP.\r\n"],
  [["STATS", "x"], "-ERR wrong number of arguments for 'function|stats' command\r\n"],
  [["STATS", "WITHFUNCTIONS", "x"], "-ERR wrong number of arguments for 'function|stats' command\r\n"],
  [["DELETE"], "-ERR wrong number of arguments for 'function|delete' command\r\n"],
  [
    ["RESTORE", "x", "perhaps"],
    "-ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.\r\n",
  ],
])("FUNCTION %j replies %j", async (args, reply) => {
  expect(await resp(...args)).toBe(reply);
});

test("FUNCTION HELP has a line for each subcommand", async () => {
  const help = (await resp("HELP")).split("\r\n");
  for (const name of ["LOAD", "LIST", "DELETE", "FLUSH", "STATS", "KILL", "DUMP", "RESTORE"]) {
    expect(help.some((line) => line.startsWith(`+${name}`))).toBe(true);
  }
});

test("a core whose VM is new is told of every library", async () => {
  await call("LOAD", SHOP);
  expect(registry.restore()).toEqual(told.filter((message) => message.op === "thaw"));
});

describe("FUNCTION VERSIONS", () => {
  const source = (of: number): string => `#!ts name=shop\nexport function sell(): number { return ${of} }`;
  const numbers = async (...args: string[]): Promise<unknown[]> => {
    const reply = await call("versions", "shop", ...args);
    return (reply as Map<string, ReplyValue>[]).map((version) => version.get("version"));
  };

  test("shows as many as are kept, the latest first, with their sources where those are asked for", async () => {
    for (const of of [1, 2, 3, 4]) await call("load", "replace", source(of));
    expect(await numbers()).toEqual([4, 3, 2]);
    const [latest, earlier] = (await call("versions", "shop", "withcode")) as Map<string, ReplyValue>[];
    expect(latest?.get("live")).toBe(true);
    expect(earlier?.get("live")).toBe(false);
    expect(Buffer.from(earlier?.get("library_code") as Uint8Array).toString()).toBe(source(3));
    expect(earlier?.get("user")).toBe("default");
    versionsKept = 1;
    expect(await numbers()).toEqual([4]);
  });

  test("takes the source that is there already for no new version, and one that was loaded again for one", async () => {
    for (const of of [1, 1, 2, 1]) await call("load", "replace", source(of));
    expect(await numbers()).toEqual([3, 2, 1]);
  });

  test("has those of a library that was deleted, until FLUSH", async () => {
    await call("load", source(1));
    await call("delete", "shop");
    expect(await numbers()).toEqual([1]);
    const [only] = (await call("versions", "shop")) as Map<string, ReplyValue>[];
    expect(only?.get("live")).toBe(false);
    await call("flush");
    expect(await resp("versions", "shop")).toBe("-ERR Library not found\r\n");
    expect(await resp("versions", "shop", "all")).toBe("-ERR Unknown argument all\r\n");
  });

  test("keeps none where the limit is zero, and drops the oldest of all over the limit of bytes", async () => {
    versionsKept = 0;
    await call("load", source(1));
    expect(await call("versions", "shop")).toEqual([]);
    const small = new LibraryVersions(() => 10, 1000);
    const note = (name: string, at: number): void =>
      small.note(name, { language: "ts", source: Buffer.alloc(100, `${name}${at}`), user: "u" }, at);
    note("a", 1);
    note("b", 2);
    note("a", 3);
    expect([small.of("a").length, small.of("b").length]).toEqual([1, 1]);
    expect(small.of("a")[0]?.version).toBe(2);
  });

  test("shows code of a user who is not trusted with the engine it ran in, so that who loads it again runs it there", async () => {
    const image = { engine: "quickjs" } as never;
    const kept = keptSource({ name: "shop", language: "ts", source: source(1), functions: [], image });
    expect(Buffer.from(kept).toString()).toStartWith("#!ts name=shop engine=quickjs\n");
  });
});
