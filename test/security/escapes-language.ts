/** Ways to the host, and harm, by newer and rarer parts of the language: proxies, buffers that move, hooks of errors, disposal. */
import type { Attempt } from "./attempt.ts";

export const LANGUAGE: readonly Attempt[] = [
  {
    name: "takes Zedis apart by Proxy and Reflect, with receivers of its own",
    source: `function attack(key) {
      const got = [], caught = [];
      const handler = Object.fromEntries(Reflect.ownKeys(Reflect).filter((k) => typeof k === "string")
        .map((k) => [k, (...args) => { caught.push(...args); return Reflect[k](...args); }]));
      const tries = [() => new Proxy(Zedis, handler).get(key), () => Reflect.get(Zedis, "get", {}), () => Reflect.apply(Zedis.get, {}, [key]),
        () => Reflect.apply(Zedis.set, Zedis, new Proxy([key, "v"], handler)), () => Reflect.construct(Zedis.get, [key]), () => new Zedis.get(key),
        () => Reflect.construct(Object, [], Zedis.get), () => class extends Zedis.get {}, () => Object.create(Zedis).get(key), () => Zedis.get.bind(null)(key),
        () => Zedis.__defineGetter__("get", () => 1), () => Zedis.__lookupGetter__("get"), () => { Zedis.__proto__ = {}; }, () => Reflect.setPrototypeOf(Zedis.get, null),
        () => Object.assign(Zedis, { get: 1 }), () => Zedis.bytes.get(new Proxy({}, handler))];
      for (const one of tries) try { got.push(one()); } catch (e) { got.push(e); }
      return typeof Zedis.get === "function" ? probe(...got, ...caught) : "ESCAPED: Zedis is another";
    }`,
    keys: ["k"],
    reply: /nothing/,
  },
  {
    name: "has a Proxy for the prototype of its function, and looks at who asks",
    source: `const seen = [];
    const watch = new Proxy(Function.prototype, { get(target, name, self) { seen.push(self); return Reflect.get(target, name, self); }, has(target, name) { seen.push(target); return true; } });
    function attack(key) { seen.push(this, ...arguments, new.target); return probe(...seen); }
    Object.setPrototypeOf(attack, watch);`,
    keys: ["k"],
    reply: /nothing/,
  },
  {
    name: "detaches the bytes of arguments and replies, and gives them back",
    source: `function attack(b: Uint8Array) {
      const text = (f) => { try { return String(f()); } catch (e) { return probe(e); } };
      Zedis.set("k", "sixteen bytes ok");
      const reply = Zedis.get_bytes("k");
      const sizes = [b.buffer.byteLength, reply.buffer.byteLength];
      if (sizes.join() !== "5,16") return "ESCAPED: shared memory of " + sizes;
      b.buffer.transfer?.(1 << 16); reply.buffer.transfer?.();
      const after = [text(() => Zedis.set("other", b)), text(() => Zedis.set(b, "v")), text(() => Zedis.get(reply)), text(() => Zedis.append("k", reply))];
      return after.some((one) => one.startsWith("ESCAPED")) ? after.join() : "nothing" + Zedis.strlen("k");
    }`,
    args: ["bytes"],
    reply: /nothing16/,
  },
  {
    name: "makes a buffer smaller while it is an argument being written",
    source: `function attack() {
      const buffer = new ArrayBuffer(60000, { maxByteLength: 1 << 20 });
      const view = new Uint8Array(buffer).fill(65);
      const shrink = { toString() { buffer.resize(1); return "v"; }, valueOf() { buffer.resize(1); return 1; } };
      const grow = { toString() { buffer.resize(1 << 20); return "v"; } };
      const thrown = [];
      for (const one of [() => Zedis.set(view, shrink), () => Zedis.mset(view, shrink, "b", view), () => Zedis.call("SET", view, grow), () => Zedis.rpush("l", view, shrink, view)])
        try { one(); } catch (e) { thrown.push(e); }
      let found = "";
      for (const key of ["b", "v", "\\0"]) { let value = null; try { value = Zedis.get(key); } catch {} if (value !== null && /[^A\\0v]/.test(value)) found = "ESCAPED: " + value.slice(0, 50); }
      return found || probe(...thrown);
    }`,
    reply: /nothing/,
  },
  {
    name: "hooks what errors say of themselves, and calls the store when they are told",
    source: `const reach = () => { Zedis.set("stolen", 1); return "told"; };
    for (const name of ["message", "name", "stack", "toString", "cause", "code"]) try { Object.defineProperty(Error.prototype, name, { get: reach, set() {}, configurable: true }); } catch {}
    for (const name of ["message", "code", "stack"]) try { Object.defineProperty(Object.prototype, name, { get: reach, set() {}, configurable: true }); } catch {}
    function attack() { const e = new TypeError(); try { delete e.message; delete e.stack; } catch {} throw e; }`,
    reply: /^-/,
    bystander: { source: `function bystander() { return String(Zedis.exists("stolen")); }`, reply: /0/ },
  },
  {
    name: "throws errors of errors that never end",
    source: `function attack() {
      const e = new AggregateError([], "many");
      e.cause = e; e.errors.push(e, new Proxy(e, {}));
      Object.defineProperty(e, "message", { get() { return "m" + "x".repeat(1 << 16); } });
      throw e;
    }`,
    reply: /^-/,
  },
  {
    name: "reads what the last regular expression of somebody else matched",
    source: `function attack() { return [RegExp.input, RegExp.lastMatch, RegExp.leftContext, RegExp.$1].map((v) => v ?? "").join("") || "nothing"; }`,
    reply: /nothing/,
  },
  {
    name: "looks for the host's code in the text of its functions",
    source: `function attack() {
      const text = [Zedis, Zedis.get, Zedis.call, Zedis.log, Zedis.fcall, Zedis.bytes.get, console.log].map((f) => Function.prototype.toString.call(typeof f === "function" ? f : () => 1)).join();
      return /\\/(work|tmp|src|runtime|node_modules)|\\.ts\\b|require\\(|dlopen/.test(text) ? "ESCAPED: " + text : "nothing";
    }`,
    reply: /nothing/,
  },
  {
    name: "goes on in what is disposed of, in finally blocks of generators that are dropped, and in iterators that are closed",
    source: `let kept;
    function attack() {
      const late = () => { try { Zedis.set("stolen", 1); } catch {} };
      function* gen() { try { yield 1; } finally { late(); } }
      kept = gen(); kept.next();
      (async () => { try { await new Promise(() => {}); } finally { late(); } })();
      const it = { [Symbol.iterator]() { return { next: () => ({ value: 1, done: false }), return() { return { done: true }; } }; } };
      for (const _ of it) break;
      return "left";
    }
    function after() { try { kept.return(); } catch {} return "after"; }`,
    reply: /left/,
    bystander: { source: `function bystander() { return String(Zedis.exists("stolen")); }`, reply: /0/ },
  },
  {
    name: "asks for numbers without end",
    source: `function attack() { try { return String(2n ** (2n ** 40n)).length; } catch (e) { return probe(e) + e.name; } }`,
    reply: /RangeError|nothing|^-/,
  },
  {
    name: "asks for texts without end",
    source: `function attack() {
      const thrown = [];
      for (const one of [() => "x".repeat(2 ** 40), () => "x".padEnd(2 ** 40), () => new Array(2 ** 32), () => new Uint8Array(2 ** 50), () => new ArrayBuffer(2 ** 52),
        () => Array(2 ** 29).fill("xxxxxxxxxx").join, () => "abc".replaceAll("", "x".repeat(2 ** 30)).length]) try { one(); } catch (e) { thrown.push(e); }
      return probe(...thrown);
    }`,
    reply: /nothing|^-/,
  },
  {
    name: "imports by the newer forms",
    source: `function attack() { return import.source("node:fs"); }`,
    refused: true,
  },
  {
    name: "finds this in functions that are not strict",
    source: `function attack() {
      const sloppy = [1].map(function () { return this; });
      const tagged = ((strings) => strings)\`a\`;
      return probe(...sloppy, tagged, tagged.raw, (function () { return this; })(), (() => this)());
    }`,
    reply: /nothing/,
  },
  {
    name: "gives the species and iterators of arguments to the host",
    source: `let caught = [];
    class Trap extends Array { static get [Symbol.species]() { caught.push(this); return Trap; } [Symbol.iterator]() { caught.push(this, ...arguments); return [][Symbol.iterator](); } get length() { caught.push(this); return 2; } }
    function attack(key) {
      const thrown = [];
      for (const one of [() => Zedis.mget(new Trap("a", "b")), () => Zedis.del(...new Trap(1)), () => Zedis.hset(key, new Trap("a", "b")), () => Zedis.set_json("j", new Trap(1, 2)),
        () => Zedis.hset(key, new Map([[{ toString: () => "f" }, new Trap()]]))]) try { caught.push(one()); } catch (e) { thrown.push(e); }
      return probe(...caught, ...thrown);
    }`,
    keys: ["k"],
    reply: /nothing/,
  },
];
