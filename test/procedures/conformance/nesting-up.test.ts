/** Scripts and functions in Lua that call functions in JavaScript: an up-call into the VM below, on the same transaction. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { anything, boolean, double, errorLike, like, map, ok } from "../../harness/expected.ts";
import { show } from "../../harness/resp.ts";
import { startServer } from "../../harness/server.ts";
import { type Row, suite } from "../../harness/suite.ts";
import { until } from "../../harness/wait.ts";
import { ENGINES } from "./engines.ts";

setDefaultTimeout(60_000);

const server = suite({ kind: "zedis", options: { "procedure-time-limit": "1500" } });

const BELOW = `#!lua name=below
redis.register_function('lua_calls', function(keys, args)
  redis.call('SET', keys[1], 'lua')
  return {redis.call('FCALL', 'inner', 1, keys[1], args[1], 3), redis.call('GET', keys[1])}
end)
redis.register_function('lua_deep', function(keys, args)
  if args[1] == '0' then return 0 end
  return 1 + redis.call('FCALL', 'deep', 0, args[1] - 1)
end)
redis.register_function('lua_adds', function(keys, args) return redis.call('INCRBY', keys[1], args[1]) end)
redis.register_function('lua_spoils', function(keys) redis.call('SET', keys[1], 'below') error('spoilt below') end)
redis.register_function{function_name = 'lua_reads', flags = {'no-writes'},
  callback = function(keys) return redis.call('FCALL', 'inner', 1, keys[1], 'a', 1) end}
`;

const ABOVE = `
export function inner(key: string, text: string, n: number) { Zedis.set(key, text + n); return [key, text, n, n / 4, n > 2, null]; }
export function record() { return { a: 1, b: ["c"] }; }
export function nothing() {}
export function number() { return 7; }
export function spoils(key: string) { Zedis.set(key, "inner"); Zedis.rpush("list", "inner"); throw new Error("spoilt"); }
export function deep(n: number): number { return n === 0 ? 0 : 1 + (Zedis.fcall("lua_deep", [], [String(n - 1)]) as number); }
export function down(key: string) { return Zedis.fcall("lua_adds", [key], ["5"]); }
export function catches(key: string) {
  let text = "";
  try { Zedis.fcall("lua_spoils", [key]); } catch (error) { text = (error as Error).message; }
  return [text, Zedis.get(key)];
}
export function outer(key: string) { return Zedis.fcall("lua_calls", [key], ["z"]); }
export function forever(key: string) { Zedis.set(key, 1); for (;;); }
export function wraps(key: string) { try { Zedis.call("FCALL", "lua_spins", 1, key); } catch {} return 1; }
export function large() { return "x".repeat(700000); }
export async function later(key: string) { await null; Zedis.set(key, "awaited"); await null; return "done"; }
`;
const SPINS = `#!lua name=spins
redis.register_function('lua_spins', function(keys) pcall(redis.call, 'FCALL', 'forever', 1, keys[1]) return 1 end)
`;

const evaluate = (code: string, ...rest: readonly string[]) => ["EVAL", code, ...rest];

for (const engine of ENGINES.filter(({ language }) => language === "ts")) {
  const load: readonly Row[] = [
    ["FUNCTION FLUSH", ok],
    [["FUNCTION", "LOAD", BELOW], "below"],
    [["FUNCTION", "LOAD", SPINS], "spins"],
    [["FUNCTION", "LOAD", `${engine.header("above")}${ABOVE}`], "above"],
  ];
  describe(`lua calls ${engine.name}`, () => {
    server.rows("results come back as values of the script's protocol", [
      ...load,
      ["FCALL lua_calls 1 k a", [["k", "a", 3, "0.75", 1, null], "a3"]],
      [evaluate("return redis.call('FCALL', 'inner', 1, KEYS[1], 'b', 1)", "1", "k"), ["k", "b", 1, "0.25", 0, null]],
      [evaluate("return redis.call('FCALL', 'record', 0)", "0"), ["a", 1, "b", ["c"]]],
      [
        evaluate("redis.setresp(3) return redis.call('FCALL', 'inner', 1, KEYS[1], 'b', 3)", "1", "k"),
        ["k", "b", 3, double("0.75"), boolean(true)],
      ],
      [evaluate("redis.setresp(3) return redis.call('FCALL', 'record', 0)", "0"), map("a", 1, "b", ["c"])],
      [
        evaluate("return {redis.call('FCALL', 'number', 0) + 1, type(redis.call('FCALL', 'nothing', 0))}", "0"),
        [8, "boolean"],
      ],
      [evaluate("return #redis.call('FCALL', 'large', 0)", "0"), 700000],
      [
        evaluate("return {redis.call('FCALL', 'later', 1, KEYS[1]), redis.call('GET', KEYS[1])}", "1", "k"),
        ["done", "awaited"],
      ],
    ]);
    server.rows("what it wrote is undone when it fails, and the script's writes stay", [
      ...load,
      [
        evaluate(
          "redis.call('SET', KEYS[1], 'lua') local r = redis.pcall('FCALL', 'spoils', 1, KEYS[1]) " +
            "return {r.err, redis.call('GET', KEYS[1]), redis.call('LLEN', 'list')}",
          "1",
          "k",
        ),
        [like(/spoilt/), "lua", 0],
      ],
      [
        evaluate("redis.call('SET', KEYS[1], 'lost') return redis.call('FCALL', 'spoils', 1, KEYS[1])", "1", "k"),
        errorLike(/spoilt/),
      ],
      ["GET k", "lua"],
      ["EXISTS list", 0],
    ]);
    server.rows("calls go up and down, and lie in each other to the same depth as any", [
      ...load,
      ["FCALL outer 1 k", [["k", "z", 3, "0.75", 1, null], "z3"]],
      [evaluate("return redis.call('FCALL', 'down', 1, KEYS[1])", "1", "n"), 5],
      [evaluate("return redis.call('FCALL', 'down', 1, KEYS[1])", "1", "n"), 10],
      ["FCALL lua_adds 1 n 1", 11],
      [evaluate("return redis.call('FCALL', 'catches', 1, KEYS[1])", "1", "n"), [like(/spoilt below/), "11"]],
      ["FCALL lua_deep 0 15", 15],
      ["FCALL lua_deep 0 16", errorLike(/calls are nested 16 deep/)],
      ["FCALL deep 0 15", 15],
      ["FCALL deep 0 16", errorLike(/calls are nested 16 deep/)],
    ]);
    server.rows("flags and names are checked", [
      ...load,
      ["FCALL lua_reads 1 k", errorLike(/Write commands are not allowed from read-only scripts/)],
      [
        ["EVAL_RO", "return redis.call('FCALL_RO', 'inner', 1, KEYS[1], 'a', 1)", "1", "k"],
        errorLike(/Can not execute a script with write flag/),
      ],
      [evaluate("return redis.call('FCALL', 'Number', 0)", "0"), 7],
      ["EXISTS k", 0],
    ]);
    server.rows(
      "limits are those of the whole call, and what follows is served",
      [
        ...load,
        [
          evaluate(
            "redis.call('SET', KEYS[1], 1) pcall(redis.call, 'FCALL', 'forever', 1, KEYS[1]) return 1",
            "1",
            "k",
          ),
          errorLike(
            /^ERR function 'forever' and the script that called it ran longer than procedure-time-limit \(1500 ms\) and were rolled back/,
          ),
        ],
        ["FCALL wraps 1 k", errorLike(/ran longer than procedure-time-limit/)],
        ["EXISTS k", 0],
        [evaluate("return redis.call('FCALL', 'number', 0)", "0"), 7],
        ["FCALL number 0", 7],
        ["MULTI", ok],
        [evaluate("return redis.call('FCALL', 'forever', 1, KEYS[1])", "1", "k"), anything],
        [evaluate("return redis.call('FCALL', 'number', 0)", "0"), anything],
        ["FCALL number 0", anything],
        ["SET k 2", anything],
        ["EXEC", [errorLike(/ran longer than/), 7, 7, ok]],
      ],
      { only: 3 },
    );
    server.both(
      "requests behind a stopped one in its pipeline are served",
      async (wire) => {
        for (const [command] of load) await wire.call(command);
        const number = evaluate("return redis.call('FCALL', 'number', 0)", "0");
        const forever = evaluate("return redis.call('FCALL', 'forever', 1, KEYS[1])", "1", "k");
        const replies = [number, forever, number, ["FCALL", "number", "0"], number, ["EXISTS", "k"]].map((c) =>
          wire.call(c),
        );
        const shown = (await Promise.all(replies)).map(show);
        expect(shown[1]).toMatch(/ran longer than/);
        expect(shown.toSpliced(1, 1)).toEqual([":7", ":7", ":7", ":7", ":0"]);
      },
      { only: 3 },
    );
  });
}

test("FUNCTION KILL ends an endless function in JavaScript that Lua called, whoever called that, and all is undone", async () => {
  const server = await startServer({ options: { cores: "2", "procedure-time-limit": "600000" } });
  const caller = await server.connect();
  for (const library of [BELOW, SPINS]) await caller.call(["FUNCTION", "LOAD", library]);
  for (const { header, language } of ENGINES) {
    if (language !== "ts") continue;
    await caller.call(["FUNCTION", "LOAD", "REPLACE", `${header("above")}${ABOVE}`]);
    for (const request of [
      evaluate("return redis.call('FCALL', 'forever', 1, KEYS[1])", "1", "k"),
      ["FCALL", "wraps", "1", "k"],
    ]) {
      const call = caller.call(request);
      await until("it is killed", async () => {
        // Every other connection is served by the core that is not busy.
        const other = await server.connect();
        const reply = await Promise.race([other.call("FUNCTION KILL"), Bun.sleep(500)]);
        await other.close();
        return reply !== undefined && show(reply) === "+OK";
      });
      expect(show(await call)).toMatch(/Script killed by user with FUNCTION KILL/);
      expect(show(await caller.call("EXISTS k"))).toBe(":0");
      expect(show(await caller.call(evaluate("return redis.call('FCALL', 'number', 0)", "0")))).toBe(":7");
    }
  }
  await server.stop();
});
