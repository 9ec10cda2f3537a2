/** CONFIG GET, SET, RESETSTAT and REWRITE over the wire. The options themselves are tested in src/config. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { err, errorLike, map, ok, queued, unorderedMap } from "../harness/expected.ts";
import { mapOf, show, textOf } from "../harness/resp.ts";
import { startServer } from "../harness/server.ts";
import { check, suite } from "../harness/suite.ts";

const config = suite();
const failed = (option: string, reason: string) =>
  err(`ERR CONFIG SET failed (possibly related to argument '${option}') - ${reason}`);

config.rows("CONFIG GET takes names and patterns, any number of them", [
  ["CONFIG GET maxmemory", map("maxmemory", "0")],
  ["CONFIG GET MAXMEMORY", map("MAXMEMORY", "0")],
  ["CONFIG GET nosuch", map()],
  ["CONFIG GET maxmemory maxmemory", map("maxmemory", "0")],
  ["CONFIG GET maxmemory-p* timeout", unorderedMap(["maxmemory-policy", "noeviction"], ["timeout", "0"])],
  [
    "CONFIG GET hash-max-listpack-*",
    unorderedMap(["hash-max-listpack-entries", "512"], ["hash-max-listpack-value", "64"]),
  ],
  ["CONFIG GET hash-max-ziplist-entries", map("hash-max-ziplist-entries", "512")],
  ["CONFIG GET databases", map("databases", "16")],
  ["CONFIG GET appendonly", map("appendonly", "no")],
  ["CONFIG GET save", map("save", "")],
]);

config.both("CONFIG GET * shows every option once, with a value", async (wire) => {
  const all = mapOf(await wire.call("CONFIG GET *"));
  expect(all.size).toBeGreaterThan(150);
  for (const name of [
    "port",
    "bind",
    "dir",
    "maxclients",
    "timeout",
    "tcp-keepalive",
    "proto-max-bulk-len",
    "client-query-buffer-limit",
    "hz",
    "requirepass",
  ]) {
    expect([...all.keys()]).toContain(name);
  }
  for (const value of all.values()) expect(value.kind).toBe("bulk");
});

config.rows(
  "CONFIG SET changes an option and CONFIG GET shows it in Redis's form",
  [
    ["CONFIG SET maxmemory 100mb", ok],
    ["CONFIG GET maxmemory", map("maxmemory", "104857600")],
    ["CONFIG SET maxmemory 1GB", ok],
    ["CONFIG GET maxmemory", map("maxmemory", "1073741824")],
    ["CONFIG SET maxmemory 5k", ok],
    ["CONFIG SET maxmemory 0 timeout 10", ok],
    ["CONFIG GET timeout", map("timeout", "10")],
    ["CONFIG SET maxmemory-policy ALLKEYS-LRU", ok],
    ["CONFIG GET maxmemory-policy", map("maxmemory-policy", "allkeys-lru")],
    ["CONFIG SET lazyfree-lazy-expire YES", ok],
    ["CONFIG GET lazyfree-lazy-expire", map("lazyfree-lazy-expire", "yes")],
    ['CONFIG SET client-output-buffer-limit "normal 1mb 512kb 10"', ok],
    [
      "CONFIG GET client-output-buffer-limit",
      map(
        "client-output-buffer-limit",
        "normal 1048576 524288 10 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
      ),
    ],
    ['CONFIG SET save "3600 1 300 100"', ok],
    ["CONFIG GET save", map("save", "3600 1 300 100")],
    ['CONFIG SET save ""', ok],
  ],
  {
    after: [
      'CONFIG SET maxmemory 0 timeout 0 maxmemory-policy noeviction lazyfree-lazy-expire no save "" client-output-buffer-limit "normal 0 0 0"',
    ],
  },
);

config.rows("CONFIG SET refuses bad values with the reason, and nothing of the command is taken", [
  ["CONFIG SET nosuch 1", err("ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'")],
  ["CONFIG SET maxclients abc", failed("maxclients", "argument couldn't be parsed into an integer")],
  ["CONFIG SET timeout -1", failed("timeout", "argument must be between 0 and 2147483647 inclusive")],
  ["CONFIG SET maxmemory 1foo", failed("maxmemory", "argument must be a memory value")],
  ["CONFIG SET maxmemory 1mb maxmemory 2mb", failed("maxmemory", "duplicate parameter")],
  ["CONFIG SET appendonly maybe", failed("appendonly", "argument must be 'yes' or 'no'")],
  ["CONFIG SET daemonize yes", failed("daemonize", "can't set immutable config")],
  ["CONFIG SET databases 20", failed("databases", "can't set immutable config")],
  [
    "CONFIG SET maxmemory-policy foo",
    // With two policies of Redis 8 in between.
    errorLike(
      /^ERR CONFIG SET failed \(possibly related to argument 'maxmemory-policy'\) - argument\(s\) must be one of the following: volatile-lru, .*volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, .*allkeys-lfu, allkeys-random, noeviction$/,
    ),
  ],
  ["CONFIG SET timeout 99 maxclients abc", failed("maxclients", "argument couldn't be parsed into an integer")],
  ["CONFIG GET timeout", map("timeout", "0")],
  ["CONFIG SET timeout 99 nosuch 1", err("ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'")],
  ["CONFIG GET timeout", map("timeout", "0")],
  [
    "CONFIG SET client-output-buffer-limit foo",
    errorLike(/^ERR CONFIG SET failed \(possibly related to argument 'client-output-buffer-limit'\) - /),
  ],
  ["CONFIG SET port", err("ERR wrong number of arguments for 'config|set' command")],
  ["CONFIG SET timeout 1 maxmemory", err("ERR syntax error")],
  ["CONFIG FOO", err("ERR unknown subcommand 'FOO'. Try CONFIG HELP.")],
  ["CONFIG RESETSTAT x", err("ERR wrong number of arguments for 'config|resetstat' command")],
  ["CONFIG REWRITE", err("ERR The server is running without a config file")],
]);

config.rows(
  "CONFIG works inside a transaction",
  [
    ["MULTI", ok],
    ["CONFIG SET timeout 5", queued],
    ["CONFIG GET timeout", queued],
    ["EXEC", [ok, map("timeout", "5")]],
  ],
  { after: ["CONFIG SET timeout 0"] },
);

test("a pipeline keeps its order across commands that another thread serves", async () => {
  const wire = await config.server.connect();
  const commands = Array.from({ length: 300 }, (_, index) =>
    index % 3 === 0 ? `CONFIG SET timeout ${index}` : index % 3 === 1 ? "CONFIG GET timeout" : `ECHO ${index}`,
  );
  const replies = await wire.pipeline([...commands, "CONFIG SET timeout 0"]);
  for (const [index, reply] of replies.slice(0, 300).entries()) {
    const wanted = index % 3 === 0 ? "+OK" : index % 3 === 1 ? `["timeout", "${index - 1}"]` : `"${index}"`;
    expect(show(reply)).toBe(wanted);
  }
  await wire.close();
});

test("options come from the file, and the command line goes over it", async () => {
  const server = await startServer({
    configFile: '# a comment\nmaxmemory 64mb\nhash-max-listpack-entries 3\nrequirepass "with space"\ntimeout 7\n',
    options: { timeout: "9" },
  });
  const wire = await server.connect();
  await check(wire, [
    ['AUTH "with space"', ok],
    ["CONFIG GET maxmemory", map("maxmemory", "67108864")],
    ["CONFIG GET hash-max-listpack-entries", map("hash-max-listpack-entries", "3")],
    ["CONFIG GET timeout", map("timeout", "9")],
    ["HSET h a 1 b 2 c 3 d 4", 4],
    ["OBJECT ENCODING h", "hashtable"],
  ]);
  await wire.close();
  await server.stop();
});

test("CONFIG REWRITE writes the file anew and keeps its comments", async () => {
  const server = await startServer({ configFile: "# keep me\nmaxmemory 64mb\n" });
  const wire = await server.connect();
  await check(wire, [
    ["CONFIG SET maxmemory 32mb hash-max-listpack-entries 7", ok],
    ["CONFIG REWRITE", ok],
  ]);
  const text = await Bun.file(join(server.folder, "test.conf")).text();
  expect(text).toContain("# keep me\n");
  expect(text).toMatch(/^maxmemory (32mb|33554432)$/m);
  expect(text).toMatch(/^hash-max-listpack-entries 7$/m);
  expect(textOf(mapOf(await wire.call("CONFIG GET maxmemory")).get("maxmemory"))).toBe("33554432");
  await wire.close();
  await server.stop();
});
