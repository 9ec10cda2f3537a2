/** Ways to the host: constructors, globals, errors, stack traces, code from text. */
import type { Attempt } from "./attempt.ts";

export const ESCAPES: readonly Attempt[] = [
  {
    name: "compiles text with eval",
    source: `function attack() { try { return probe((0, eval)("this")) + eval("typeof process"); } catch (e) { return probe(e) } }`,
    reply: /nothing/,
  },
  {
    name: "compiles text with Function and its kin for generators and async functions",
    source: `function attack() {
      const kin = [Function, (async () => {}).constructor, (function* () {}).constructor, (async function* () {}).constructor];
      for (const F of kin) {
        try { return "ESCAPED " + F("return 1")(); } catch (e) { const found = probe(e); if (found !== "nothing") return found; }
      }
      return "nothing";
    }`,
    reply: /nothing/,
  },
  {
    name: "asks a ShadowRealm",
    source: `function attack() {
      return typeof ShadowRealm === "undefined" ? "nothing" : "ESCAPED " + new ShadowRealm().evaluate("typeof Bun");
    }`,
    reply: /nothing/,
  },
  {
    name: "looks for the host's globals by name",
    source: `function attack() {
      const names = ["process", "Bun", "require", "module", "global", "self", "window", "fetch", "WebAssembly", "SharedArrayBuffer",
        "Atomics", "FinalizationRegistry", "WeakRef", "queueMicrotask", "setTimeout", "setImmediate", "setInterval", "structuredClone",
        "postMessage", "Worker", "Buffer", "URL", "TextDecoder", "Loader", "$vm", "performance", "crypto", "navigator", "reportError"];
      return names.filter((name) => name in globalThis).map((name) => "ESCAPED " + name).join() || "nothing";
    }`,
    reply: /nothing/,
  },
  {
    name: "walks everything that is reachable from the globals",
    source: `function attack() { return probe(globalThis); }`,
    reply: /nothing/,
  },
  {
    name: "walks everything that is reachable from Zedis and console",
    source: `function attack() { return probe(Zedis, console, new.target, Zedis.get, Zedis.bytes, Zedis.set.constructor); }`,
    reply: /nothing/,
  },
  {
    name: "climbs from the results of host calls",
    source: `function attack(key) {
      Zedis.hset("h", { a: 1 });
      Zedis.set(key, "value");
      const results = [Zedis.get(key), Zedis.hgetall("h"), Zedis.mget(key, "missing"), Zedis.get_bytes(key), Zedis.now(),
        Zedis.bytes.hgetall("h"), Zedis.set_json("j", { a: [1] }), Zedis.get_json("j"), Zedis.exists(key), Zedis.get_bigint("n")];
      return probe(...results.map(Object), ...results);
    }`,
    keys: ["k"],
    reply: /nothing/,
  },
  {
    name: "climbs from the errors of commands",
    source: `function attack() {
      Zedis.hset("h", { a: 1 });
      const thrown = [];
      for (const f of [() => Zedis.get("h"), () => Zedis.get_int("h"), () => Zedis.incr("h"), () => Zedis.call("NOSUCH"), () => Zedis.append("h", "x"),
        () => Zedis.call("multi"), () => Zedis.get_json("h"), () => Zedis.set("k", "v", "NOSUCHOPTION")]) try { f(); } catch (e) { thrown.push(e); }
      return thrown.length < 7 ? "only " + thrown.length + " threw" : probe(...thrown, ...thrown.map((e) => e.stack));
    }`,
    reply: /nothing/,
  },
  {
    name: "climbs from the errors of wrong arguments",
    source: `function attack() {
      const wrong = [undefined, null, true, Symbol("s"), () => 1, new Map(), new Proxy({}, {}), [[[[[[1]]]]]], new Float64Array(2), { get a() { throw 1 } }];
      const thrown = [];
      for (const name of ["get", "set", "del", "exists", "get_int", "get_number", "get_bytes", "get_json", "set_json", "incr", "incrby", "hset", "call", "append"])
        for (const value of wrong) try { Zedis[name](value, value); } catch (e) { thrown.push(e); }
      return probe(...thrown);
    }`,
    reply: /nothing/,
  },
  {
    name: "overflows the stack inside every host call and climbs from what is thrown",
    source: `function attack(key) {
      Zedis.set(key, "x".repeat(100)); Zedis.hset("h", { a: 1 });
      const calls = [() => Zedis.get(key), () => Zedis.get("other" + key), () => Zedis.set("q", "é".repeat(80)), () => Zedis.set("q", 5), () => Zedis.get_int("n"),
        () => Zedis.hgetall("h"), () => Zedis.call("hget", "h", "a"), () => Zedis.get_bytes(key), () => Zedis.log("x"), () => Zedis.now(), () => Zedis.incr("n"),
        () => Zedis.set_json("j", [1, { a: 2 }]), () => Zedis.get_json("j"), () => Zedis.del("q"), () => Zedis.exists("q"), () => Zedis.append("a", "b")];
      const thrown = [];
      for (const call of calls) {
        let budget = 40;
        const dive = () => { try { dive(); } catch (e) { if (budget-- > 0) { thrown.push(e); try { call(); } catch (f) { thrown.push(f); } } throw e; } };
        try { dive(); } catch (e) { thrown.push(e); }
      }
      return thrown.length < 100 ? "only " + thrown.length : probe(...thrown);
    }`,
    keys: ["k"],
    reply: /nothing/,
  },
  {
    name: "takes call sites from Error.prepareStackTrace",
    source: `function attack() {
      let sites = [];
      const take = (_, s) => { sites = s; return s; };
      try { Error.prepareStackTrace = take; } catch {}
      try { Object.defineProperty(Error, "prepareStackTrace", { value: take }); } catch {}
      try { Reflect.deleteProperty(Error, "prepareStackTrace"); globalThis.Error = class extends Error { static prepareStackTrace = take; }; } catch {}
      const traces = [];
      try { null.x; } catch (e) { traces.push(e.stack); }
      try { Zedis.get(); } catch (e) { traces.push(e.stack); }
      traces.push(new Error("x").stack, new (class extends TypeError { static prepareStackTrace = take; })("y").stack);
      return sites.length > 0 ? "ESCAPED with call sites" : probe(...traces, sites);
    }`,
    reply: /nothing/,
  },
  {
    name: "takes a stack trace by Error.captureStackTrace",
    source: `function attack() {
      const o = {};
      if (typeof Error.captureStackTrace === "function") { Error.captureStackTrace(o); return "ESCAPED " + o.stack; }
      return "nothing";
    }`,
    reply: /nothing/,
  },
  {
    name: "reads the host's paths from stack traces",
    source: `function attack() {
      Error.stackTraceLimit = 1000;
      const stack = new Error("x").stack + "\\n" + (() => { try { Zedis.hset(); } catch (e) { return e.stack; } })();
      return /\\.ts:\\d/.test(stack.replace(/lib\\.ts/g, "")) || stack.includes("/") ? "ESCAPED " + stack : "nothing";
    }`,
    reply: /nothing/,
  },
  {
    name: "imports a module dynamically",
    source: `async function attack() { const fs = await import("node:fs"); return "ESCAPED " + typeof fs.readFileSync; }`,
    refused: true,
  },
  {
    name: "imports a module statically",
    source: `import { readFileSync } from "node:fs";\nfunction attack() { return "ESCAPED " + typeof readFileSync; }`,
    refused: true,
  },
  {
    name: "re-exports a module",
    source: `export { readFileSync as attack } from "node:fs";`,
    refused: true,
  },
  {
    name: "reads import.meta",
    source: `function attack() { return "ESCAPED " + import.meta.url; }`,
    refused: true,
  },
  {
    name: "hides an import behind comments of old scripts",
    source: `function attack() {\n<!-- return 1;\n  return import("node:fs");\n}`,
    refused: true,
  },
  {
    name: "closes the wrapper around its text early",
    source: `function attack() { return 1; }\n}); (function () { return [() => "ESCAPED " + typeof process];`,
    refused: true,
  },
  {
    name: "asks functions for their callers and arguments",
    source: `function attack() {
      const got = [];
      for (const read of [() => attack.caller, () => attack.arguments, () => arguments.callee, () => Zedis.get.caller, () => Zedis.get.arguments,
        () => Object.getOwnPropertyDescriptor(Function.prototype, "caller")?.get?.call(attack)]) try { got.push(read()); } catch (e) { got.push(e); }
      return probe(...got);
    }`,
    reply: /nothing/,
  },
  {
    name: "asks for this in functions and getters that the host calls",
    source: `let seen = [];
    function attack() {
      seen.push(this);
      return { get a() { seen.push(...arguments); return 1; }, toJSON() { seen.push(this, ...arguments); return 1; }, [Symbol.toPrimitive]() { seen.push(...arguments); return "x"; } };
    }
    function after() { return probe(...seen) + (seen[0] === undefined ? "" : " this"); }`,
    reply: /^-ERR the result.toJSON is a function/,
    bystander: { source: "again", reply: /nothing$/m },
  },
  {
    name: "catches the functions that the host calls with, by changing Function.prototype",
    source: `let caught = [];
    for (const name of ["call", "apply", "bind"]) {
      const original = Function.prototype[name];
      Function.prototype[name] = function (...args) { caught.push(this, ...args); return Reflect.apply(original, this, args); };
    }
    function attack(key) { Zedis.set(key, "v"); Zedis.get(key); Zedis.hset("h", { a: 1 }); Zedis.hgetall("h"); Zedis.log("x", {}); return probe(...caught); }`,
    keys: ["k"],
    reply: /nothing/,
  },
  {
    name: "catches internal arrays and descriptors by accessors on the prototypes",
    source: `const caught = [], define = Reflect.defineProperty;
    const keep = (v) => define(caught, caught.length, { __proto__: null, value: v, enumerable: true, configurable: true, writable: true });
    for (const key of ["0", "1", "2", "value", "get", "k0", "i32", "bytes", "constructor2"]) for (const proto of [Array.prototype, Object.prototype])
      Object.defineProperty(proto, key, { __proto__: null, configurable: true, set(v) { keep(this), keep(v); }, get() { keep(this); return undefined; } });
    function attack(key) {
      try { Zedis.set(key, "v", "EX", 100); } catch (e) { keep(e); }
      for (const f of [() => Zedis.mget(key, "b"), () => Zedis.hset("h", "a", 1), () => Zedis.hgetall("h"), () => Zedis.call("get", key), () => Zedis.get("h")])
        try { keep(f()); } catch (e) { keep(e); }
      for (const key of ["0", "1", "2", "value", "get", "k0", "i32", "bytes"]) { delete Array.prototype[key]; delete Object.prototype[key]; }
      return probe(...caught);
    }`,
    keys: ["k"],
    reply: /nothing/,
  },
  {
    name: "catches the host's promise functions with a thenable result",
    source: `let caught = [];
    function attack() { return { then(...fns) { caught.push(...fns); fns[0]?.("x"); } }; }
    function after() { return caught.length > 0 ? "ESCAPED " + probe(...caught) : "nothing"; }`,
    reply: /^-ERR the result.then is a function/,
    bystander: { source: "again", reply: /nothing/ },
  },
  {
    name: "catches the host's promise functions by species and an own then",
    source: `let caught = [];
    class Trap extends Promise {
      constructor(executor) { super((a, b) => { caught.push(executor, a, b); executor(a, b); }); }
      then(...fns) { caught.push(...fns); return super.then(...fns); }
      static get [Symbol.species]() { return Trap; }
    }
    Promise.prototype.then = function (...fns) { caught.push(...fns); };
    function attack() { return new Trap((resolve) => resolve("value")); }
    async function other() { return new Trap((_, reject) => reject(new Error("no"))); }
    function after() { return probe(...caught); }`,
    bystander: { source: "again", reply: /nothing/ },
  },
  {
    name: "catches what the host does with a Proxy result",
    source: `let caught = [];
    const trap = (name) => (...args) => { caught.push(...args); return Reflect[name](...args); };
    const handler = Object.fromEntries(Reflect.ownKeys(Reflect).filter((k) => typeof k === "string").map((k) => [k, trap(k)]));
    function attack() { return new Proxy({ a: 1 }, handler); }
    function after() { return probe(...caught); }`,
    reply: /^-ERR the result is a Proxy/,
    bystander: { source: "again", reply: /nothing/ },
  },
  {
    name: "throws a Proxy whose traps watch the host",
    source: `let caught = [];
    const trap = (name) => (...args) => { caught.push(...args); return Reflect[name](...args); };
    const handler = Object.fromEntries(Reflect.ownKeys(Reflect).filter((k) => typeof k === "string").map((k) => [k, trap(k)]));
    function attack() { throw new Proxy(new Error("x"), handler); }
    function after() { return probe(...caught); }`,
    reply: /^-ERR/,
    bystander: { source: "again", reply: /nothing/ },
  },
  {
    name: "listens for the host in arguments of JSON, bytes and rest parameters",
    source: `function attack(o: object, b: Uint8Array, ...rest: string[]) {
      return probe(o, b, rest, b.buffer, Object.getPrototypeOf(b).constructor, rest.constructor) + b.buffer.byteLength;
    }`,
    args: [`{"a":{"__proto__":{"x":1},"constructor":1}}`, "bytes", "r1", "r2"],
    reply: /nothing5/,
  },
  {
    name: "replaces JSON.parse, Uint8Array and Array before arguments are made of them",
    source: `let caught = [];
    JSON.parse = (...args) => { caught.push(...args); return {}; };
    globalThis.Uint8Array = class { constructor(...args) { caught.push(...args); } };
    Array.prototype[Symbol.iterator] = function* () { caught.push(this); };
    function attack(o: object, b: Uint8Array, ...rest: string[]) {
      return caught.length > 0 ? "ESCAPED: " + caught.length + " caught" : rest.length === 2 && o.a === 1 && b.length === 5 ? "nothing" : "wrong arguments";
    }`,
    args: [`{"a":1}`, "bytes", "r1", "r2"],
    reply: /nothing/,
  },
];
