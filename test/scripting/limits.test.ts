/** What scripts may take: memory, and time for what they call in JavaScript. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { errorLike, like, ok } from "../harness/expected.ts";
import { show, textOf } from "../harness/resp.ts";
import { startServer } from "../harness/server.ts";
import { check, suite } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";
import { until } from "../harness/wait.ts";

setDefaultTimeout(60_000);

// redis-server has neither this directive nor functions in TypeScript.
describe.skipIf(isOracle)("script-memory-limit", () => {
  const server = suite({ kind: "zedis", options: { cores: "1" } });
  const grows = "local t = {} for i = 1, 10000000 do t[i] = 'x' .. i end return #t";
  const holds = "local t = {} for i = 1, 30000 do t[i] = 'x' .. i end return #t";

  server.rows(
    "ends a script that needs more, without a trace, and the next one has all of it again",
    [
      ["CONFIG SET script-memory-limit 8mb", ok],
      [
        ["EVAL", `redis.call('SET', KEYS[1], 'spoiled') ${grows}`, "1", "k"],
        errorLike(/^ERR script '[0-9a-f]{40}' needed more than script-memory-limit \(8388608 bytes\)$/),
      ],
      ["EXISTS k", 0],
      [["EVAL", holds, "0"], 30000],
      [["EVAL", grows, "0"], errorLike(/script-memory-limit/)],
      [["EVAL", holds, "0"], 30000],
      [["EVAL", "return ('x'):rep(9000000)", "0"], errorLike(/not enough memory/)],
    ],
    { after: ["CONFIG SET script-memory-limit 1gb"] },
  );

  server.rows(
    "can be caught, and holds in libraries, while they are loaded too",
    [
      ["CONFIG SET script-memory-limit 8mb", ok],
      [["EVAL", `local fine, text = pcall(function() ${grows} end) return text`, "0"], like(/not enough memory/)],
      [
        [
          "FUNCTION",
          "LOAD",
          "REPLACE",
          `#!lua name=limited\nredis.register_function('grows', function() ${grows} end)`,
        ],
        "limited",
      ],
      ["FCALL grows 0", errorLike(/^ERR function 'grows' needed more than script-memory-limit \(8388608 bytes\)$/)],
      [
        // Soon there, for FUNCTION LOAD has a limit of time too.
        ["FUNCTION", "LOAD", "#!lua name=large\nlocal s = 'x' for i = 1, 40 do s = s .. s end"],
        errorLike(/^ERR Error registering functions: .*not enough memory/),
      ],
      ["CONFIG SET script-memory-limit 64mb", ok],
      [["EVAL", "local t = {} for i = 1, 200000 do t[i] = 'x' .. i end return #t", "0"], 200000],
      ["CONFIG SET script-memory-limit 1000", errorLike(/argument must be between 1048576 and \d+/)],
    ],
    { after: ["CONFIG SET script-memory-limit 1gb", "FUNCTION FLUSH"] },
  );
});

const library = (engine: string): string => `#!ts name=lib engine=${engine}
  export function number(): number { return 7; }
  export function spin(): void { for (;;) Zedis.get("k"); }`;

for (const engine of ["jsc", "quickjs"]) {
  // Of Zedis alone, as both engines and the time limit are.
  test.skipIf(isOracle)(`a script calls nothing in ${engine} after procedure-time-limit, and may go on`, async () => {
    const server = await startServer({ kind: "zedis", options: { cores: "1", "procedure-time-limit": "300" } });
    const wire = await server.connect();
    const late = "local began = os.clock() while os.clock() - began < 0.5 do end";
    const caught =
      "local reply = redis.pcall('FCALL', 'number', 0) return type(reply) == 'table' and reply.err or reply";
    const refusal =
      /^ERR function 'number' was not called: the script has run for \d+ ms, and procedure-time-limit \(300 ms\) counts from its beginning/;
    await check(wire, [
      [["FUNCTION", "LOAD", library(engine)], "lib"],
      [["EVAL", caught, "0"], 7],
      [["EVAL", `${late} redis.call('SET', 'k', 1) ${caught}`, "0"], like(refusal)],
      ["GET k", "1"],
      [["EVAL", `redis.call('SET', 'k', 2) ${late} return redis.call('FCALL', 'number', 0)`, "0"], errorLike(refusal)],
      ["GET k", "1"],
      [
        ["EVAL", "redis.call('SET', 'k', 2) return redis.pcall('FCALL', 'spin', 0)", "0"],
        errorLike(
          /^ERR function 'spin' and the script that called it ran longer than procedure-time-limit \(300 ms\) and were rolled back/,
        ),
      ],
      ["GET k", "1"],
      ["FCALL number 0", 7],
    ]);
    await wire.close();
    await server.stop();
  });

  // Of Zedis alone: redis-server has no function in TypeScript to tell of.
  test.skipIf(isOracle)(`the log tells of a function in ${engine} that goes on for long, once`, async () => {
    const options = { cores: "2", "procedure-time-limit": "60000", "busy-reply-threshold": "50" };
    const server = await startServer({ kind: "zedis", options });
    const caller = await server.connect();
    expect((await caller.call(["FUNCTION", "LOAD", library(engine)])).kind).toBe("bulk");
    caller.send("FCALL spin 0");
    const line =
      /Slow script detected: still in execution after \d+ milliseconds\. You can try killing the script using the FUNCTION KILL command\. Script name is: spin\./g;
    await until("the line", () => server.log.match(line), { limit_ms: 30_000 });
    // On the other core: no new connection goes to one that is held up.
    const other = await server.connect();
    await until("the kill", async () => show(await other.call("FUNCTION KILL")) === "+OK", { limit_ms: 30_000 });
    expect(textOf(await caller.reply())).toContain("killed");
    await server.stop();
    expect(server.log.match(line)).toHaveLength(1);
  });
}
