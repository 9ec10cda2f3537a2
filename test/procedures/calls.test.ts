/** Zedis inside a procedure, errors, promises, and what a call leaves behind. */
import { beforeEach, describe, expect, test } from "bun:test";
import { FakeServer } from "./fake-server.ts";

let server: FakeServer;
beforeEach(() => {
  server = new FakeServer();
});

/** The reply of a function body that gets one key. */
async function run(body: string, key = "key"): Promise<string> {
  await server.load(`#!ts name=lib\nexport function f(key: string) {\n${body}\n}`);
  return server.reply("f", [key]);
}

/** The value of a body's JSON. */
async function value(body: string): Promise<unknown> {
  const reply = await run(`const result = (() => { ${body} })();\nreturn JSON.stringify(result);`);
  if (reply.startsWith("-")) throw new Error(reply);
  return JSON.parse(reply.slice(reply.indexOf("\r\n") + 2, -2));
}

describe("Zedis", () => {
  test("stores and reads text, numbers and bytes", async () => {
    server.put("n", "41");
    expect(
      await value(`
        const out = [Zedis.get(key), Zedis.set(key, "text"), Zedis.get(key), Zedis.set(key, 12), Zedis.get(key), Zedis.set(key, -0), Zedis.get(key)];
        out.push(Zedis.set(key, 1.5), Zedis.get(key), String(Zedis.set(key, 12n)), Zedis.get(key), Zedis.set(key, 2 ** 53 + 2), Zedis.get(key));
        out.push(Zedis.set(key, Uint8Array.of(104, 105)), Zedis.get(key), [...Zedis.get_bytes(key)], Zedis.incr("n"), Zedis.incrby("n", -2), Zedis.decr("n"), Zedis.decrby("n", 4));
        return out;`),
    ).toEqual([
      null,
      "OK",
      "text",
      "OK",
      "12",
      "OK",
      "0",
      "OK",
      "1.5",
      "OK",
      "12",
      "OK",
      "9007199254740994",
      "OK",
      "hi",
      [104, 105],
      42,
      40,
      39,
      35,
    ]);
  });

  test("reads typed values, with a fallback where there is none", async () => {
    server.put("int", "-7");
    server.put("float", "2.5");
    server.put("big", "123456789012345678901");
    server.put("json", '{"a":[1]}');
    expect(
      await value(`return [Zedis.get_int("int"), Zedis.get_int("no"), Zedis.get_int("no", null), Zedis.get_number("float"), Zedis.get_number("no", 9),
        String(Zedis.get_bigint("big")), String(Zedis.get_bigint("no")), Zedis.get_json("json"), Zedis.get_json("no"), Zedis.get_bytes("no")]`),
    ).toEqual([-7, 0, null, 2.5, 9, "123456789012345678901", "0", { a: [1] }, null, null]);
  });

  test.each([
    ["Zedis.get_int('float')", "ERR value is not an integer or out of range"],
    ["Zedis.get_number('text')", "ERR TypeError: Zedis.get_number: the value at 'text' is not a number"],
    ["Zedis.get_bigint('float')", "ERR TypeError: Zedis.get_bigint: the value at 'float' is not an integer"],
    ["Zedis.get_json('text')", "ERR SyntaxError: Zedis.get_json: the value at 'text' is not JSON"],
    ["Zedis.set_json('k', undefined)", "ERR TypeError: Zedis.set_json: a value of type undefined has no JSON form"],
    ["Zedis.get('hash')", "WRONGTYPE Operation against a key holding the wrong kind of value"],
    [
      "Zedis.set('k', null)",
      "ERR TypeError: Zedis.set: an argument is null; pass strings, numbers, bigints, Uint8Array, or arrays and objects of them",
    ],
    ["Zedis.set('k', 'v', 'BOGUS')", "ERR syntax error"],
    ["Zedis.call('nosuch')", "ERR Unknown Redis command called from script"],
    ["Zedis.call('MULTI')", "ERR This Redis command is not allowed from script"],
  ])("%s throws %s, with the place", async (expression, text) => {
    server.put("float", "1.5");
    server.put("text", "abc");
    server.native.store.set("hash", new Map());
    const reply = await run(`\n  return ${expression};`);
    expect(reply).toStartWith(`-${text} (f at lib.ts:4:`);
  });

  test("has an exception for each error of a command, with message and code", async () => {
    server.native.store.set("hash", new Map());
    expect(
      await value(`try { Zedis.get("hash"); } catch (e) { return [e instanceof Error, e.name, e.code, e.message]; }`),
    ).toEqual([true, "ReplyError", "WRONGTYPE", "WRONGTYPE Operation against a key holding the wrong kind of value"]);
  });

  test("takes arrays and objects for many arguments, and gives maps as objects", async () => {
    expect(
      await value(
        `return [Zedis.hset(key, { a: 1, b: "two", ["__proto__"]: "p" }), Zedis.hget(key, "b"), Zedis.hgetall(key), Object.keys(Zedis.hgetall(key)), Zedis.mget(["x", "y"]), Zedis.del(["x"], key), Zedis.exists(key)]`,
      ),
    ).toEqual([3, "two", expect.objectContaining({ a: "1", b: "two" }), ["a", "b", "__proto__"], [null, null], 1, 0]);
  });

  test("calls any data command by its name, subcommands by both words", async () => {
    expect(
      await value(
        `return [Zedis.call("SET", key, "v"), Zedis.call("get", key), Zedis.call("OBJECT", "ENCODING", "q"), Zedis.object_encoding("q"), "multi" in Zedis, "config_get" in Zedis]`,
      ),
    ).toEqual(["OK", "v", "encoding of q", "encoding of q", false, false]);
  });

  test("gives bytes for replies where they are asked for", async () => {
    expect(await value(`Zedis.hset(key, "f", Uint8Array.of(255, 0)); return [...Zedis.bytes.hget(key, "f")]`)).toEqual([
      255, 0,
    ]);
  });

  test("moves large keys, values and replies", async () => {
    expect(
      await value(`
        const big = "x".repeat(1 << 20), long = "k".repeat(100000), umlauts = "ü".repeat(30000);
        Zedis.set(key, big); Zedis.set(long, "v"); Zedis.set("u", umlauts); Zedis.hset("h", "f", big + big);
        return [Zedis.get(key) === big, Zedis.get(long), Zedis.get("u") === umlauts, Zedis.hget("h", "f").length, Zedis.exists(long), Zedis.get_bytes(key).length];`),
    ).toEqual([true, "v", true, 2 << 20, 1, 1 << 20]);
  });

  test("tells the time and writes to the log", async () => {
    expect(await value(`console.warn("careful", { a: 1 }, 5n, null); Zedis.log("line"); return Zedis.now()`)).toBe(
      1_700_000_000_000,
    );
    expect(server.native.log).toEqual([
      { level: 3, text: 'careful {"a":1} 5 null' },
      { level: 2, text: "line" },
    ]);
  });

  test("knows the keys of the call by whatever string equals them", async () => {
    expect(
      await value(
        `Zedis.set("k" + "ey", "1"); return [Zedis.get(key), Zedis.get_int("key"), Zedis.exists("key ".trim())]`,
      ),
    ).toEqual(["1", 1, 1]);
  });
});

describe("an error", () => {
  test("that is thrown has message, function, and the place in the author's file", async () => {
    expect(await run(`  // a line\n  const x: number = 1;\n  if (x > 0) throw new Error("No" + " luck");`)).toBe(
      "-ERR No luck (f at lib.ts:5:20)",
    );
    expect(server.stored("key")).toBeUndefined();
  });

  test("of the engine has its name too", async () => {
    expect(await run(`  return (null as any).x;`)).toBe(
      "-ERR TypeError: null is not an object (evaluating 'null.x') (f at lib.ts:3:11)",
    );
  });

  test("with a code replies with this code", async () => {
    expect(await run(`throw Object.assign(new Error("sold out"), { code: "OUTOFSTOCK" });`)).toStartWith(
      "-OUTOFSTOCK sold out (f at",
    );
  });

  test.each([
    ["throw 'plain text'", "-ERR plain text (f)"],
    ["throw 42", "-ERR 42 (f)"],
    ["throw null", "-ERR null (f)"],
    ["throw undefined", "-ERR undefined (f)"],
    ["throw Symbol('x')", "-ERR a symbol was thrown (f)"],
    ["throw { message: 'not an Error' }", "-ERR not an Error (f)"],
    ["throw {}", "-ERR an error without a message (f)"],
  ])("%s replies %s", async (statement, reply) => {
    expect(await run(statement)).toBe(reply);
  });

  test("undoes what the call wrote", async () => {
    server.put("key", "before");
    expect(await run(`Zedis.set(key, "after"); throw new Error("undo");`)).toStartWith("-ERR undo");
    expect(server.stored("key")).toBe("before");
  });
});

describe("an async function", () => {
  test("runs to its end within the call", async () => {
    await server.load(`#!ts name=lib
export async function f(key: string) {
  for (let i = 0; i < 10; i++) await null;
  const all = await Promise.all([1, 2, 3].map(async (n) => { await null; return n * 2; }));
  Zedis.set(key, all.join());
  return { all };
}`);
    expect(server.reply("f", ["k"])).toBe("%1\r\n$3\r\nall\r\n*3\r\n:2\r\n:4\r\n:6\r\n");
    expect(server.stored("k")).toBe("2,4,6");
  });

  test("that throws replies with the error and its place", async () => {
    await server.load(`#!ts name=lib
export async function f(key: string) {
  Zedis.set(key, "x");
  await null;
  throw new Error("late");
}`);
    expect(server.reply("f", ["k"])).toBe("-ERR late (f at lib.ts:5:9)");
    expect(server.stored("k")).toBeUndefined();
  });
});

describe("the time limit", () => {
  beforeEach(() => {
    server.timeLimitMs = 200;
  });

  test("stops a call, undoes it, and leaves the core serving", async () => {
    await server.load(`#!ts name=lib
export function spin(key: string) { Zedis.set(key, "x"); for (;;) {} }
export function ok(key: string) { return Zedis.exists(key); }`);
    expect(server.reply("spin", ["k"])).toBe("-TIMEOUT");
    expect(server.reply("ok", ["k"])).toBe(":0\r\n");
    for (let round = 0; round < 3; round++) expect(server.reply("spin", ["k"])).toBe("-TIMEOUT");
    expect(server.reply("ok", ["k"])).toBe(":0\r\n");
  });

  test("of zero is none", async () => {
    server.timeLimitMs = 0;
    await server.load(
      "#!ts name=lib\nexport function f() { const end = Date.now() + 400; while (Date.now() < end); return 'done'; }",
    );
    expect(server.reply("f")).toBe("$4\r\ndone\r\n");
  });

  test("does not lose mail, notes or calls that wait behind the one it stops", async () => {
    const image = await server.load(
      "#!ts name=lib\nexport function spin() { for (;;) {} }\nexport function ok() { return 1; }",
    );
    const [spin, ok] = image.functions.map((fn) => fn.id);
    const request = (id = 0) => ({ id, keys: 0, args: [], proto: 3, readOnly: false }) as const;
    const answers: string[] = [];
    const done = (answer: { kind: string }) => answers.push(answer.kind);
    server.native.tasks.push(
      { kind: "call", request: request(spin), done },
      { kind: "note" },
      { kind: "call", request: request(ok), done },
      { kind: "mail", text: JSON.stringify({ op: "drop", seq: 77, ids: [] }) },
      { kind: "call", request: request(spin), done },
      { kind: "leave" },
    );
    expect(server.callId(ok ?? 0, [], [])).toEqual({ kind: "result", resp: ":1\r\n" });
    expect(answers).toEqual(["timed out", "result", "timed out"]);
    expect(server.messages).toEqual([
      { op: "note", core: 0 },
      { op: "dropped", seq: 77, core: 0 },
    ]);
  });
});

describe("a doomed call", () => {
  test("throws at each host call, and whatever the library does then is not sent", async () => {
    await server.load(`#!ts name=lib
export function f(key: string) { let n = 0; for (const g of [() => Zedis.get(key), () => Zedis.set(key, 1), () => Zedis.get_int(key), () => Zedis.incr(key), () => Zedis.hget(key, "f"), () => Zedis.del(key)]) try { g(); } catch { n++; } return n; }`);
    const { native } = server.native.deck;
    const run = native.run;
    native.run = (core, outcome, n) => {
      const code = run(core, outcome, n);
      server.native.doomed = true;
      return code;
    };
    expect(server.reply("f", ["k"])).toBe(":6\r\n");
  });
});

describe("libraries", () => {
  test("that were dropped still answer the calls that began before", async () => {
    const image = await server.load("#!ts name=lib\nexport function f() { return 'old'; }");
    const ids = image.functions.map((fn) => fn.id);
    server.drop(ids);
    expect(server.callId(ids[0] ?? 0, [], [])).toEqual({ kind: "result", resp: "$3\r\nold\r\n" });
  });

  test("are forgotten when many more were dropped since", async () => {
    const first = await server.load("#!ts name=lib\nexport function f() { return 'old'; }");
    server.drop(first.functions.map((fn) => fn.id));
    for (let round = 0; round < 9; round++) server.drop([100 + round]);
    expect(server.callId(first.functions[0]?.id ?? 0, [], [])).toEqual({
      kind: "error",
      text: "ERR Function not found",
    });
  });

  test("keep state of their own between calls", async () => {
    await server.load("#!ts name=lib\nlet n = 0;\nexport function f() { return ++n; }");
    expect([server.reply("f"), server.reply("f")]).toEqual([":1\r\n", ":2\r\n"]);
  });

  test("whose top level throws are refused with the place", async () => {
    const source = "#!ts name=lib\n\nthrow new Error('not today');\nexport function f() {}";
    expect(server.load(source)).rejects.toThrow("Error compiling function: not today (lib at lib.ts:3:7)");
  });

  test("load from their text where the snapshot does not fit", async () => {
    const { JscCompiler } = await import("../../runtime/engines/jsc/jsc-engine.ts");
    const compiled = await new JscCompiler().compile("#!ts name=lib\nexport function f() { return 'text'; }");
    const functions = compiled.functions.map((fn) => ({ ...fn, id: 501 }));
    const library = { ...compiled, functions, bytecode: Buffer.from("of another build").toString("base64") };
    server.native.tasks.push({ kind: "mail", text: JSON.stringify({ op: "thaw", seq: 1, library }) });
    expect(server.callId(501, [], [])).toEqual({ kind: "result", resp: "$4\r\ntext\r\n" });
  });
});

test("what native code comes back with is not lost when the watchdog fires just then, nor is an outcome told twice", async () => {
  const server = new FakeServer("jsc");
  server.timeLimitMs = 20;
  server.native.lost = 1;
  await server.load("#!ts name=lost\nexport function next(n: number) { return n + 1; }\n");
  expect(server.call("next", [], ["1"])).toEqual({ kind: "result", resp: ":2\r\n" });
  for (const n of [5, 7]) {
    server.native.lost = 1;
    expect(server.call("next", [], [String(n)])).toEqual({ kind: "result", resp: `:${n + 1}\r\n` });
  }
  server.native.lost = 2;
  server.drop([1]);
  expect(server.messages.pop()).toMatchObject({ op: "dropped" });
});
