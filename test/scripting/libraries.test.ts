/** Libraries in Lua: FUNCTION LOAD, FCALL, DUMP and RESTORE. Expectations hold for redis-server too. */
import { afterAll, describe, expect, test } from "bun:test";
import { anything, err, errorLike, ok, set, simple, unordered, unorderedMap } from "../harness/expected.ts";
import { textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { check, suite } from "../harness/suite.ts";
import { isOracle, oraclePath } from "../harness/target.ts";

const libraries = suite();
const load = (source: string) => ["FUNCTION", "LOAD", source];
const header = "#!lua name=lib\n";
const flush = { before: ["FUNCTION FLUSH"] };

describe("FUNCTION LOAD", () => {
  libraries.rows(
    "takes functions in both forms, with what they say about themselves",
    [
      [
        load(`${header}
        redis.register_function('plain', function(keys, args) return {#keys, keys[1], args[1]} end)
        redis.register_function{function_name='told', callback=function() return 'hi' end, description='Says hi.', flags={'no-writes'}}`),
        "lib",
      ],
      ["FCALL plain 1 k a", [1, "k", "a"]],
      ["FCALL_RO told 0", "hi"],
      ["FCALL_RO plain 0", err("ERR Can not execute a script with write flag using *_ro command.")],
      [
        "FUNCTION LIST",
        [
          unorderedMap(
            ["library_name", "lib"],
            ["engine", "LUA"],
            [
              "functions",
              unordered(
                unorderedMap(["name", "plain"], ["description", null], ["flags", anything]),
                unorderedMap(["name", "told"], ["description", "Says hi."], ["flags", set(simple("no-writes"))]),
              ),
            ],
          ),
        ],
      ],
      [
        load(`${header}redis.register_function('other', function() return 1 end)`),
        err("ERR Library 'lib' already exists"),
      ],
      [["FUNCTION", "LOAD", "REPLACE", `${header}redis.register_function('other', function() return 1 end)`], "lib"],
      ["FCALL other 0", 1],
      ["FCALL plain 0", err("ERR Function not found")],
      ["FUNCTION DELETE lib", ok],
      ["FCALL other 0", err("ERR Function not found")],
    ],
    flush,
  );

  libraries.rows(
    "takes numbers as texts",
    [
      [
        load(`${header}redis.register_function(1, function() return 'one' end)
        redis.register_function{function_name=2, callback=function() return 'two' end, description=3}`),
        "lib",
      ],
      ["FCALL 1 0", "one"],
      ["FCALL 2 0", "two"],
      [
        load(`#!lua name=other\nredis.register_function(1.5, function() end)`),
        errorLike(/names can only contain letters, numbers, or underscores/),
      ],
    ],
    flush,
  );

  libraries.rows(
    "says what is wrong with a library",
    [
      [load(`${header}return 1`), err("ERR No functions registered")],
      [load(`${header}return +`), errorLike(/^ERR Error compiling function: user_function:2: /)],
      [
        load(`${header}error('no')`),
        errorLike(/^ERR Error registering functions: .*nonexistent global variable 'error'$/),
      ],
      [load(`${header}redis.call('GET', 'k')`), errorLike(/attempted to access nonexistent global variable 'call'/)],
      [load(`${header}return math.random()`), errorLike(/attempted to access nonexistent global variable 'math'/)],
      [load(`${header}x = 1`), errorLike(/Attempt to modify a readonly table/)],
      [
        load(`${header}redis.register_function('f')`),
        errorLike(/is only applicable to Lua table \(representing named arguments\)\.$/),
      ],
      [
        load(`${header}redis.register_function('f', 1)`),
        errorLike(/second argument to redis\.register_function must be a function$/),
      ],
      [
        load(`${header}redis.register_function('a b', function() end)`),
        errorLike(/names can only contain letters, numbers, or underscores/),
      ],
      [
        load(`${header}redis.register_function{function_name='f', callback=function() end, flags={'x'}}`),
        errorLike(/unknown flag given$/),
      ],
      [load("#!lua name=a b=c\n"), err("ERR Invalid metadata value given: b=c")],
      [load("#!lua name=a-b\nreturn 1"), errorLike(/^ERR Library names can only contain/)],
      [load(`${header}while true do end`), errorLike(/FUNCTION LOAD timeout/)],
      ["FUNCTION LIST", []],
    ],
    flush,
  );

  libraries.rows(
    "keeps functions of libraries apart from scripts, and from the world",
    [
      [
        load(`${header}
        local count = 0
        redis.register_function('f', function(keys) count = count + 1 return KEYS end)
        redis.register_function('g', function(keys) x = 1 end)
        redis.register_function('h', function(keys) return redis.call('INCR', keys[1]) end)
        redis.register_function('late', function() redis.register_function('z', function() end) end)`),
        "lib",
      ],
      [["EVAL", "return #KEYS", "1", "k"], 1],
      ["FCALL f 0", errorLike(/nonexistent global variable 'KEYS' script: f, on @user_function:4\.$/)],
      [
        "FCALL g 0",
        errorLike(/^ERR user_function:5: Attempt to modify a readonly table script: g, on @user_function:5\.$/),
      ],
      ["FCALL h 1 counter", 1],
      [
        "FCALL late 0",
        errorLike(
          /^ERR (user_function:7: )?(redis\.register_function can only be called on FUNCTION LOAD|attempt to call field 'register_function')/,
        ),
      ],
    ],
    flush,
  );
});

describe("FUNCTION DUMP", () => {
  let redis: Server | undefined;
  afterAll(() => redis?.stop());

  // Needs a redis-server or valkey-server on the machine, which .ci/run installs.
  test.skipIf(isOracle || oraclePath() === null)(
    "is understood by redis-server, and its own is understood",
    async () => {
      redis = await startServer({ kind: "redis" });
      const [ours, theirs] = [await libraries.server.connect(), await redis.connect()];
      await ours.call("FUNCTION FLUSH");
      const long = `-- ${"long ".repeat(300)}\nredis.register_function('two', function() return 2 end)`;
      await ours.call(load("#!lua name=one\nredis.register_function('one', function() return 1 end)"));
      await ours.call(load(`#!lua name=two\n${long}`));
      for (const [from, to] of [
        [ours, theirs],
        [theirs, ours],
      ] as const) {
        const dumped = await from.call("FUNCTION DUMP");
        if (dumped.kind !== "bulk") throw new Error("no dump");
        expect(textOf(await to.call(["FUNCTION", "RESTORE", dumped.bytes, "FLUSH"]))).toBe("OK");
        await check(to, [
          ["FCALL one 0", 1],
          ["FCALL two 0", 2],
          [["FUNCTION", "RESTORE", dumped.bytes], errorLike(/^ERR Library '?(one|two)'? already exists$/)],
          [["FUNCTION", "RESTORE", dumped.bytes, "REPLACE"], ok],
          ["FCALL one 0", 1],
        ]);
      }
      await ours.close();
      await theirs.close();
    },
  );

  // redis-server has one engine.
  test.skipIf(isOracle)("carries libraries of every engine, and restores all or none", async () => {
    const wire = await libraries.server.connect();
    await wire.call("FUNCTION FLUSH");
    await wire.call(load("#!lua name=one\nredis.register_function('one', function() return '\xff' end)"));
    await wire.call(load("#!ts name=typed\nexport function typed() { return 'ü'; }"));
    const dumped = await wire.call("FUNCTION DUMP");
    if (dumped.kind !== "bulk") throw new Error("no dump");
    await wire.call("FUNCTION FLUSH");
    await wire.call(load("#!lua name=other\nredis.register_function('one', function() return 3 end)"));
    await check(wire, [
      [["FUNCTION", "RESTORE", dumped.bytes], err("ERR Function one already exists")],
      ["FCALL one 0", 3],
      ["FCALL typed 0", err("ERR Function not found")],
      [["FUNCTION", "RESTORE", dumped.bytes, "FLUSH"], ok],
      ["FCALL typed 0", "ü"],
      ["FUNCTION DELETE other", err("ERR Library not found")],
    ]);
    await wire.close();
  });
});
