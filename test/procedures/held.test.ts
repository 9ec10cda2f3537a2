/** Ten calls in the background hold ten keys: what does not need these keys is answered, on every core, and Lua's calls are as good as others. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mapOf, show, textOf } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { isOracle } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import type { Wire } from "../harness/wire.ts";

setDefaultTimeout(60_000);

const HELD = 10;
const TYPESCRIPT = `#!ts name=held
/** @background */
export function hold(key: string) { Zedis.set(key, "spoiled"); Zedis.log("holds " + key); for (;;); }
`;
const LUA = `#!lua name=luaback
redis.register_function{function_name='bump', callback=function(keys) return redis.call('INCR', keys[1]) end, flags={'background'}}
redis.register_function{function_name='fails', callback=function(keys) redis.call('SET', keys[1], 'spoiled') error('no') end, flags={'background'}}
redis.register_function{function_name='spin', callback=function(keys)
  redis.call('SET', keys[1], 'spoiled')
  while true do pcall(function() local x = 1 end) end
end, flags={'background'}}
`;
const KILLED = /Script killed by user with FUNCTION KILL/;

describe.skipIf(isOracle)("calls in the background", () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer({
      options: {
        cores: "2",
        // So many that no key read here shares one with a key that is held.
        shards: "16384",
        "procedure-background-threads": String(HELD),
        "procedure-time-limit": "600000",
        "busy-reply-threshold": "600000",
      },
    });
    const wire = await server.connect();
    expect(show(await wire.call(["FUNCTION", "LOAD", TYPESCRIPT]))).toBe('"held"');
    expect(show(await wire.call(["FUNCTION", "LOAD", LUA]))).toBe('"luaback"');
    await wire.close();
  }, 60_000);
  afterAll(() => server.stop());

  test("while ten of them hold ten keys, other keys are read and written; when they are killed nothing of them is left", async () => {
    const other = await server.connect();
    const holders = await Promise.all(Array.from({ length: HELD }, () => server.connect()));
    const calls = holders.map((holder, index) => holder.call(`FCALL hold 1 held:${index}`));
    await until("all ten run", async () => (await holdersRunning(other)) === HELD);
    const readers = await Promise.all(Array.from({ length: 4 }, () => server.connect()));
    for (let turn = 0; turn < 20; turn++) {
      for (const [index, reader] of readers.entries()) {
        expect(show(await reader.call(`SET free:${index} ${turn}`))).toBe("+OK");
        expect(show(await reader.call(`GET free:${index}`))).toBe(`"${turn}"`);
      }
    }
    // None of the ten has ended meanwhile.
    expect(await Promise.race([Promise.any(calls), Bun.sleep(0).then(() => "all run")])).toBe("all run");
    const waiter = await server.connect();
    const waits = waiter.call("GET held:3");
    expect(show(await other.call("GET free:0"))).toBe('"19"');
    await killAll(other, calls);
    for (const call of calls) expect(show(await call)).toMatch(KILLED);
    expect(show(await waits)).toBe("nil($-1)");
    for (let index = 0; index < HELD; index++) expect(show(await other.call(`EXISTS held:${index}`))).toBe(":0");
    await Promise.all([other, waiter, ...readers, ...holders].map((wire) => wire.close()));
  });

  test("functions in Lua: results, errors with their rollback, and pipelines in order", async () => {
    const wire = await server.connect();
    const replies = await wire.pipeline([
      "SET n 1",
      "FCALL bump 1 n",
      "INCR n",
      "FCALL bump 1 n",
      "FCALL fails 1 n",
      "GET n",
    ]);
    const shown = replies.map(show);
    expect(shown[4]).toMatch(/^-.*no/);
    expect(shown.toSpliced(4, 1)).toEqual(["+OK", ":2", ":3", ":4", '"4"']);
    const multi = await wire.pipeline(["MULTI", "SET n 1", "FCALL bump 1 n", "GET n", "EXEC"]);
    expect(show(multi.at(-1) as (typeof multi)[0])).toBe('[+OK, :2, "2"]');
    await wire.close();
  });

  test("a function in Lua is killed after its write, which is undone; its client goes on", async () => {
    const [caller, other] = [await server.connect(), await server.connect()];
    await other.call("SET s before");
    const call = caller.call("FCALL spin 1 s");
    await until("it runs", async () => (await running(other)) === "spin");
    await killAll(other, [call]);
    expect(show(await call)).toMatch(KILLED);
    expect(show(await other.call("GET s"))).toBe('"before"');
    expect(show(await caller.call("FCALL bump 1 n2"))).toBe(":1");
    await Promise.all([caller, other].map((wire) => wire.close()));
  });

  test("a client that goes while its call runs leaves the call to be killed, and the thread to the next", async () => {
    const [caller, other] = [await server.connect(), await server.connect()];
    await other.call("SET s before");
    caller.send("FCALL spin 1 s");
    await until("it runs", async () => (await running(other)) === "spin");
    await caller.close();
    expect(show(await other.call("FUNCTION KILL"))).toBe("+OK");
    expect(show(await other.call("GET s"))).toBe('"before"');
    expect(show(await other.call("FCALL bump 1 n3"))).toBe(":1");
    await other.close();
  });
});

/** How many calls have said that they hold their key. */
async function holdersRunning(wire: Wire): Promise<number> {
  const shown = show(await wire.call("FUNCTION LOG held COUNT 100"));
  return new Set(shown.match(/holds held:\d+/g)).size;
}

/** FUNCTION KILL until every call has come back. */
async function killAll(wire: Wire, calls: readonly Promise<unknown>[]): Promise<void> {
  let isOver = false;
  Promise.all(calls).finally(() => {
    isOver = true;
  });
  await until("all are killed", async () => {
    if (!isOver) await wire.call("FUNCTION KILL");
    return isOver;
  });
}

async function running(wire: Wire): Promise<string | null> {
  const current = mapOf(await wire.call("FUNCTION STATS")).get("running_script");
  return current && "items" in current ? textOf(mapOf(current).get("name")) : null;
}
