/**
 * Attempts against the engine quickjs, on the fake native side: all of the table that the other engine has to withstand, and those
 * that are about this engine's own promises: memory, time, and nothing left behind.
 */
import { describe, expect, test } from "bun:test";
import { Instance } from "../../runtime/engines/quickjs/instance.ts";
import { FakeServer } from "../procedures/fake-server.ts";
import { ESCAPES } from "./escapes.ts";
import { LANGUAGE } from "./escapes-language.ts";
import { HARM } from "./escapes-more.ts";
import { runAttempt } from "./run-attempt.ts";

/** Attempts of the table whose replies are about the other engine, and why. */
const OTHERWISE: Readonly<Record<string, string>> = {
  "catches what the host does with a Proxy result": "a Proxy cannot be told from what it shows; its traps run inside",
  "replaces Zedis' own functions":
    "QuickJS lets Object.defineProperty replace a fixed property of the global object: a library can take Zedis from itself",
  "doubles a text until there is no memory for it": "the error is QuickJS's own: `string too long`",
  "compares a key with a string that changes under way":
    "no method of the library's strings is called, so none is locked",
};

/** A bomb replies an error of its limit, or of the language; the next call finds a library that is well. */
const BOMBS: Readonly<Record<string, string>> = {
  "memory by small objects": "const all: unknown[] = []; for (;;) all.push({ a: [] });",
  "memory by buffers": "const all: unknown[] = []; for (;;) all.push(new Uint8Array(1 << 20));",
  "memory by doubling a text": "let s = 'x'; for (;;) s += s;",
  "memory by a wide text": "return 'ü\\u4e00'.repeat(1 << 28);",
  "memory by an array's length": "return new Array(2 ** 32 - 1).fill(0).length;",
  "memory, caught again and again":
    "for (;;) { try { const all: unknown[] = []; for (;;) all.push(new Array(1000).fill(1)); } catch {} }",
  "the stack by recursion": "const f = (): number => 1 + f(); return f();",
  "the stack by getters": "const o: any = { get x() { return o.x; } }; return o.x;",
  "the stack by nested JSON": "return JSON.parse('['.repeat(1e6));",
  "the stack by a nested expression":
    "let r: unknown = []; for (let i = 0; i < 1e6; i++) r = [r]; return JSON.stringify(r);",
  "the stack, caught again and again":
    "const f = (): number => { try { return f(); } catch { return f(); } }; return f();",
  "the stack by toString": "const a: any[] = []; a[0] = { toString: () => String(a) }; return String(a);",
  "time by a regular expression": "return /^(a|a)*$/.test('a'.repeat(50) + 'b');",
  "time by a regular expression with back references": "return /^(a*)*\\1$/.test('a'.repeat(50) + 'b');",
  "time by one array function": "return Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1);",
  "time by joining nothing": "return Array(2 ** 31).join('').length;",
  "time by comparing long texts":
    "const a = 'x'.repeat(1 << 21) + 'a', b = 'x'.repeat(1 << 21) + 'b'; let n = 0; for (;;) n += a === b ? 1 : 0;",
  "time by searching": "return ('a'.repeat(1 << 20)).indexOf('a'.repeat(1 << 19) + 'b');",
  "time by copying": "const a = new Uint8Array(1 << 21); for (;;) a.slice();",
  "time by sorting": "const a = Array.from({ length: 1e5 }, (_, i) => 'x'.repeat(50) + i); for (;;) a.slice().sort();",
  "time by big integers": "let x = 3n; for (;;) x = (x * x) % (2n ** 60000n);",
  "time in a finally block": "try { for (;;); } finally { for (;;); }",
  "time by promises": "const f = (): Promise<void> => Promise.resolve().then(f); return f();",
  "time in a getter of the result": "return { get x() { for (;;); } };",
  "time in a getter of a thrown error": "throw { get message() { for (;;); } };",
  "time in toJSON": "return Zedis.set_json('k', { toJSON() { for (;;); } });",
  "time by an iterator": "return [...{ *[Symbol.iterator]() { for (;;) yield 1; } }].length;",
  "host calls without end": "for (;;) Zedis.get('k');",
};

describe("the table of attempts", () => {
  for (const attempt of [...ESCAPES, ...HARM, ...LANGUAGE].filter(
    ({ wireOnly, name }) => !wireOnly && OTHERWISE[name] === undefined,
  )) {
    test(attempt.name, () => runAttempt(attempt, target()));
  }
});

describe("a bomb ends at a limit, and leaves nothing", () => {
  for (const [name, body] of Object.entries(BOMBS)) {
    test(name, async () => {
      const server = new FakeServer("quickjs");
      server.memoryLimitBytes = 8 << 20;
      server.timeLimitMs = 200;
      await server.load(
        `#!ts name=lib\nlet calls = 0;\nexport function attack() { calls += 1; ${body} }\nexport function count() { return ++calls; }\n`,
      );
      expect(server.reply("count")).toBe(":1\r\n");
      expect(server.reply("attack")).toMatch(/^-/);
      expect(server.reply("count")).toBe(":1\r\n");
    }, 20_000);
  }
});

const attack = async (source: string, call = "attack"): Promise<{ server: FakeServer; reply: string }> => {
  const server = new FakeServer("quickjs");
  await server.load(`#!ts name=lib\n${source}\n`);
  return { server, reply: server.reply(call) };
};

test("changed prototypes are another library's no more than another core's", async () => {
  const { server, reply } = await attack(
    `export function attack() {
      Array.prototype.map = () => ["stolen"]; Object.prototype.polluted = 1; JSON.parse = () => "stolen"; (Zedis as any).get = 1; return 1; }`.replace(
      "(Zedis as any).get = 1; ",
      "",
    ),
  );
  expect(reply).toBe(":1\r\n");
  await server.load(
    `#!ts name=other\nexport function clean() { return [[1].map((x) => x + 1)[0], "polluted" in {}, JSON.parse("[2]")[0]]; }`,
  );
  expect(server.reply("clean")).toBe("*3\r\n:2\r\n#f\r\n:2\r\n");
});

test("Zedis and its functions cannot be replaced", async () => {
  const { reply } = await attack(
    `export function attack() {
      const tries = [() => { (globalThis as any).Zedis = 1; }, () => { (Zedis as any).get = 1; }, () => { (Zedis.get as any).call = 1; },
        () => { Object.defineProperty(Zedis, "get", { value: 1 }); }, () => { Object.setPrototypeOf(Zedis, {}); }];
      return tries.filter((one) => { try { one(); return true; } catch { return false; } }).length + Zedis.set("k", "v") + Zedis.get("k");
    }`,
  );
  expect(reply).toBe("$4\r\n0OKv\r\n");
});

test("what a library changed of the language does not change what the engine does with it", async () => {
  const { reply } = await attack(
    `export function attack() {
      const evil = () => { throw new Error("called"); };
      for (const one of [Array.prototype, Map.prototype, Set.prototype, Promise.prototype, Uint8Array.prototype, String.prototype] as any[])
        for (const name of Reflect.ownKeys(one)) { try { one[name] = evil; } catch {} }
      Object.keys = JSON.stringify = JSON.parse = Reflect.apply = Reflect.ownKeys = evil as never;
      Object.defineProperty(Object.prototype, "get", { get: evil, configurable: true });
      Object.defineProperty(Array.prototype, 0, { set: evil, configurable: true });
      Zedis.set("k", "v"); Zedis.hset("h", { f: 1 });
      return { a: Zedis.get("k"), b: [1, 2], c: new Map([["x", new Uint8Array([65])]]) };
    }`,
  );
  expect(reply).toMatch(/^(%3|-)/);
  expect(reply).not.toContain("ESCAPED");
});

test("species, iterators and subclasses of what a call returns stay the library's own affair", async () => {
  const { reply } = await attack(
    `class Evil extends Array { static get [Symbol.species]() { throw new Error("species"); } get length() { return 1e9; } }
    class Bytes extends Uint8Array { get length() { return 1e9; } get byteLength() { return 1e9; } }
    export function attack() { return [new Bytes([65, 66]), new Evil()]; }`,
  );
  expect(reply).toMatch(/^(\*2\r\n\$2\r\nAB\r\n\*0\r\n|-)/);
});

test("a Proxy shows what it shows, and its traps run without the store", async () => {
  const { reply } = await attack(
    `export function attack() {
      return new Proxy({ a: 1 }, { ownKeys() { try { Zedis.set("stolen", 1); } catch (e) { return [(e as Error).message]; } return ["a"]; },
        getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }) });
    }`,
  );
  expect(reply).toContain("Zedis works only while a call");
});

test("with isolation=call nothing is left behind", async () => {
  const server = new FakeServer("quickjs");
  await server.load(
    `#!ts name=lib engine=quickjs isolation=call\nconst seen: string[] = [];
    export function attack() { seen.push("x"); (globalThis as any).left = 1; (Array.prototype as any).left = 1; void new Promise((go) => go(seen.push("later"))); return seen.length; }`,
  );
  for (let call = 0; call < 3; call++) expect(server.reply("attack")).toBe(":2\r\n");
});

test("memory is restored though the watchdog fires while that is under way", async () => {
  const server = new FakeServer("quickjs");
  await server.load(
    "#!ts name=lib\nlet calls = 0;\nexport function fail() { calls += 1; throw 'no'; }\nexport function count() { return ++calls; }\n",
  );
  server.timeLimitMs = 200;
  const { restore } = Instance.prototype;
  Instance.prototype.restore = () => {
    Instance.prototype.restore = restore;
    for (;;);
  };
  try {
    expect(server.reply("fail")).toMatch(/^-/);
  } finally {
    Instance.prototype.restore = restore;
  }
  expect(server.reply("count")).toBe(":1\r\n");
});

test("the heap in WASM stays below 1.25 times the limit and 2 MiB, whatever is asked for", async () => {
  const limit = 16 << 20;
  // To the end of a page.
  const bound = limit * 1.25 + (2 << 20) + 65_536;
  const { restore } = Instance.prototype;
  const heaps: number[] = [];
  Instance.prototype.restore = function (snapshot) {
    heaps.push(this.heapBytes());
    restore.call(this, snapshot);
  };
  try {
    for (const body of [
      "const all: unknown[] = []; for (;;) all.push({ a: [] });",
      "const all: unknown[] = []; for (let n = 1000; ; n = n * 1.01 + 1) all.push(new Uint8Array(n).fill(1));",
      "const all: unknown[] = []; for (let n = 1; ; n += 7) { all.push('x'.repeat(n)); if (n % 3 === 0) all.splice(n % all.length, 1); }",
      "let s = 'x'; for (;;) s += s + 'y';",
    ]) {
      const server = new FakeServer("quickjs");
      server.memoryLimitBytes = limit;
      server.timeLimitMs = 20_000;
      await server.load(`#!ts name=lib\nexport function attack() { ${body} }\n`);
      heaps.length = 0;
      expect(server.reply("attack")).toMatch(/^-/);
      expect([body, heaps.length > 0, heaps.every((bytes) => bytes <= bound)]).toEqual([body, true, true]);
    }
  } finally {
    Instance.prototype.restore = restore;
  }
}, 60_000);

test("random numbers differ from call to call, though the memory is the same", async () => {
  const server = new FakeServer("quickjs");
  await server.load(
    "#!ts name=lib engine=quickjs isolation=call\nexport function attack() { return String(Math.random()); }",
  );
  expect(new Set(Array.from({ length: 20 }, () => server.reply("attack"))).size).toBe(20);
});

function target() {
  const server = new FakeServer("quickjs");
  return {
    allow: async (limit_ms: number) => {
      server.timeLimitMs = limit_ms;
    },
    load: async (source: string) => {
      await server.load(source);
    },
    call: async (name: string, keys: readonly string[], args: readonly string[]) => server.reply(name, keys, args),
  } satisfies Parameters<typeof runAttempt>[1];
}
