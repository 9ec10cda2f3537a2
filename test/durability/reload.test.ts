/** Libraries of functions, in every engine, after DEBUG RELOAD and DEBUG LOADAOF: those of the file, as after a restart. */
import { afterAll, describe, expect, test } from "bun:test";
import { show } from "../harness/resp.ts";
import { startServer } from "../harness/server.ts";
import { isOracle } from "../harness/target.ts";
import type { Wire } from "../harness/wire.ts";
import { folder, removeFolders, run, start } from "./aof-files.ts";

afterAll(removeFolders);

const LUA = (name: string, reply: string) =>
  `#!lua name=${name}\nredis.register_function('${name}', function(keys, args) return '${reply}' end)`;
const TS = (name: string, reply: string) =>
  `#!ts name=${name}\nexport function ${name}(): string { return "${reply}"; }`;
const QUICKJS = (name: string, reply: string) =>
  `#!js name=${name} engine=quickjs\nexport function ${name}() { return "${reply}"; }`;

const load = (source: string) => ["FUNCTION", "LOAD", "REPLACE", source];

describe.skipIf(isOracle)("libraries", () => {
  const reply = async (wire: Wire, name: string) => show(await wire.call(["FCALL", name, "0"]));
  const NONE = "-ERR Function not found";

  test("are those of the file after DEBUG RELOAD, in every engine", async () => {
    const server = await startServer({ options: { dir: folder() } });
    const wire = await server.connect();
    await run(wire, [load(LUA("a", "one")), load(TS("b", "one")), load(QUICKJS("c", "one")), ["SET", "k", "1"]]);
    await run(wire, [["DEBUG", "RELOAD"]]);
    for (const name of ["a", "b", "c"]) expect(await reply(wire, name)).toBe('"one"');
    // Changed, gone and added since the file was written.
    await run(wire, [load(LUA("a", "two")), load(TS("b", "two")), ["FUNCTION", "DELETE", "c"], load(TS("d", "two"))]);
    await run(wire, [["DEBUG", "RELOAD", "NOSAVE"]]);
    for (const name of ["a", "b", "c"]) expect(await reply(wire, name)).toBe('"one"');
    expect(await reply(wire, "d")).toBe(NONE);
    // What is saved from now on has them too.
    await run(wire, [["DEBUG", "RELOAD"]]);
    expect(await reply(wire, "c")).toBe('"one"');
    expect(show(await wire.call("GET k"))).toBe('"1"');
    await server.stop();
  }, 30_000);

  test("of the file go before those that are there with MERGE, and are refused beside them without", async () => {
    const server = await startServer({ options: { dir: folder() } });
    const wire = await server.connect();
    await run(wire, [load(LUA("a", "one")), ["SAVE"], load(LUA("a", "two")), load(TS("b", "two"))]);
    const refused = "-ERR Error trying to load the RDB dump, check server logs.";
    expect(show(await wire.call("DEBUG RELOAD NOSAVE NOFLUSH"))).toBe(refused);
    expect(await reply(wire, "a")).toBe('"two"');
    await run(wire, [["DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE"]]);
    expect(await reply(wire, "a")).toBe('"one"');
    expect(await reply(wire, "b")).toBe('"two"');
    await run(wire, [["FUNCTION", "FLUSH"]]);
    await run(wire, [["DEBUG", "RELOAD", "NOSAVE", "NOFLUSH"]]);
    expect(await reply(wire, "a")).toBe('"one"');
    await server.stop();
  }, 30_000);

  test("are swapped in the middle of a transaction that reloads", async () => {
    const server = await startServer({ options: { dir: folder() } });
    const wire = await server.connect();
    await run(wire, [
      load(LUA("a", "one")),
      load(TS("b", "one")),
      ["SAVE"],
      load(LUA("a", "two")),
      load(TS("b", "two")),
    ]);
    await run(wire, [
      ["MULTI"],
      ["FCALL", "a", "0"],
      ["DEBUG", "RELOAD", "NOSAVE"],
      ["FCALL", "a", "0"],
      ["FCALL", "b", "0"],
    ]);
    expect(show(await wire.call("EXEC"))).toBe('["two", +OK, "one", "one"]');
    await server.stop();
  }, 30_000);

  test("are those of base and log after DEBUG LOADAOF, and the log goes on from there", async () => {
    const dir = folder();
    const server = await start(dir);
    const wire = await server.connect();
    await run(wire, [load(LUA("a", "one")), load(TS("b", "one")), load(QUICKJS("c", "one")), ["BGREWRITEAOF"]]);
    while (!/aof_rewrite_in_progress:0/.test(show(await wire.call("INFO persistence")))) await Bun.sleep(20);
    await run(wire, [load(TS("b", "two")), ["FUNCTION", "DELETE", "c"], load(LUA("d", "two")), ["SET", "k", "1"]]);
    await run(wire, [["DEBUG", "LOADAOF"]]);
    const now = async (of: Wire) => Promise.all(["a", "b", "c", "d"].map((name) => reply(of, name)));
    expect(await now(wire)).toEqual(['"one"', '"two"', NONE, '"two"']);
    await run(wire, [["SET", "k", "2"]]);
    await server.stop();
    const again = await start(dir);
    const second = await again.connect();
    expect(await now(second)).toEqual(['"one"', '"two"', NONE, '"two"']);
    expect(show(await second.call("GET k"))).toBe('"2"');
    await again.stop();
  }, 30_000);
});
