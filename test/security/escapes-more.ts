/** Harm within reach: other libraries, other calls, shared memory, the host's time and the client's protocol. */
import type { Attempt } from "./attempt.ts";

export const HARM: readonly Attempt[] = [
  {
    name: "pollutes the prototypes to change what the host and other libraries do",
    source: `for (const proto of [Array.prototype, Map.prototype, String.prototype, Object.prototype, Promise.prototype, RegExp.prototype])
      for (const name of Object.getOwnPropertyNames(proto)) if (typeof Object.getOwnPropertyDescriptor(proto, name).value === "function" && name !== "constructor")
        try { proto[name] = () => "polluted"; } catch {}
    Object.prototype.polluted = "yes";
    function attack(key) { Zedis.set(key, "still"); return [Zedis.get(key), { a: [1, "b"] }]; }`,
    keys: ["k"],
    reply: /still[\s\S]*b/,
    bystander: {
      source: `function bystander() { return [typeof ({}).polluted, [3, 1, 2].sort().join(""), "abc".toUpperCase(), new Map([[1, 2]]).get(1)].join(); }`,
      reply: /undefined,123,ABC,2/,
    },
  },
  {
    name: "leaves a global for another library to trip over",
    source: `globalThis.Zedis2 = 1; globalThis.JSON = null; globalThis.Math = null; try { globalThis.Zedis = null; } catch {}
    function attack() { return String(Zedis === null); }`,
    reply: /false/,
    bystander: {
      source: `function bystander() { return [typeof Zedis2, typeof JSON, typeof Math, typeof Zedis.get].join(); }`,
      reply: /undefined,object,object,function/,
    },
  },
  {
    name: "replaces Zedis' own functions",
    source: `function attack(key) {
      let failed = 0;
      for (const f of [() => { Zedis.get = () => "evil"; }, () => { Zedis.get.call = 1; }, () => { delete Zedis.set; }, () => { Zedis.bytes.get = 1; },
        () => Object.setPrototypeOf(Zedis, { x: 1 }), () => Object.defineProperty(globalThis, "Zedis", { value: 1 })]) try { f(); } catch { failed++; }
      Zedis.set(key, "v");
      return failed + Zedis.get(key);
    }`,
    keys: ["k"],
    reply: /6v/,
  },
  {
    name: "uses Zedis while it is loaded, outside any call",
    source: `let got = "nothing";
    try { Zedis.set("loaded", "1"); got = "ESCAPED"; } catch (e) { got += probe(e); }
    function attack() { return got + Zedis.exists("loaded"); }`,
    reply: /nothingnothing0/,
  },
  {
    name: "goes on after its call by a promise it does not await",
    source: `let ran = "";
    function attack() {
      (async () => { for (let i = 0; i < 3; i++) await null; ran += "inside"; await new Promise((r) => { globalThis.wake = r; }); ran += Zedis.set("late", "1"); })().catch((e) => { ran += "refused"; });
      return "done";
    }
    function after() { const before = ran; globalThis.wake?.(); return before; }`,
    reply: /done/,
    bystander: { source: "again", reply: /^\$6\r\ninside/ },
  },
  {
    name: "writes in somebody else's call by a microtask it left behind",
    source: `function attack() {
      const late = { get a() { Promise.resolve().then(() => { try { Zedis.set("stolen", "1"); } catch {} }); return 1; } };
      return late;
    }`,
    bystander: {
      source: `async function bystander() { await null; return "stolen:" + Zedis.exists("stolen"); }`,
      reply: /stolen:0/,
    },
  },
  {
    name: "keeps a generator of its call and steps it during the encoding of another result",
    source: `let kept;
    function attack() { kept = (function* () { yield Zedis.set("g", "1"); yield Zedis.set("g", "2"); })(); kept.next(); return { get a() { try { return String(kept.next().value); } catch (e) { return "refused"; } } }; }`,
    reply: /refused/,
  },
  {
    name: "calls Zedis from a getter of its result, while the reply is being written",
    source: `function attack() { return { first: "x".repeat(50), get a() { Zedis.set("k".repeat(300), "overwritten".repeat(20)); return 1; } }; }`,
    reply: /^-ERR Zedis works only while a call of this library runs/,
  },
  {
    name: "calls Zedis from getters and toJSON of arguments, while they are being written",
    source: `function attack(key) {
      const inner = () => Zedis.set("inner", "y".repeat(200));
      Zedis.hset("h", { get a() { inner(); return "first"; }, get b() { inner(); return "second"; } });
      Zedis.set_json(key, { toJSON() { inner(); return { ok: "z".repeat(10) }; } });
      return [Zedis.hget("h", "a"), Zedis.hget("h", "b"), Zedis.get(key), Zedis.get("inner").length].join();
    }`,
    keys: ["k"],
    reply: /first,second,\{"ok":"zzzzzzzzzz"\},200/,
  },
  {
    name: "keeps the bytes of an argument to read the memory of later calls",
    source: `const kept = [];
    function attack(b: Uint8Array) {
      kept.push(b, Zedis.get_bytes("missing"));
      const sizes = kept.filter(Boolean).map((a) => a.buffer.byteLength + ":" + a.byteOffset);
      return kept[0].join() + " " + sizes.join();
    }
    function after() { return kept[0].join() + " " + kept[0].buffer.byteLength; }`,
    args: ["\u0001\u0002\u0003"],
    reply: /1,2,3 3:0/,
    bystander: { source: "again", reply: /1,2,3 3/ },
  },
  {
    name: "keeps and changes the bytes of a reply to reach the shared memory",
    source: `function attack(key) {
      Zedis.set(key, "abcdefgh");
      const bytes = Zedis.get_bytes(key);
      const grown = new Uint8Array(bytes.buffer);
      grown.fill(120);
      return bytes.buffer.byteLength + Zedis.get(key);
    }`,
    keys: ["k"],
    reply: /8abcdefgh/,
  },
  {
    name: "sends a huge length from an array that lies about itself",
    source: `function attack() { const a = []; a.length = 4294967295; return a; }`,
    reply: /^-ERR the result has more than \d+ bytes/,
  },
  {
    name: "returns a cycle",
    source: `function attack() { const a = { n: 1 }; a.self = [a]; return a; }`,
    reply: /^-ERR the result.*nested deeper than \d+ levels, or refers to itself/,
  },
  {
    name: "returns a tree that doubles at each level",
    source: `function attack() { let a = ["leaf".repeat(20)]; for (let i = 0; i < 40; i++) a = [a, a]; return a; }`,
    reply: /^-(ERR the result has more than|TIMEOUT|.*time)/,
  },
  {
    name: "returns a getter that makes another of itself for ever",
    source: `function attack() { const make = () => ({ get a() { return make(); } }); return make(); }`,
    reply: /^-ERR the result.*nested deeper/,
  },
  {
    name: "splits the reply with line breaks in an error",
    source: `function attack() { throw Object.assign(new Error("x\\r\\n+OK\\r\\n$3\\r\\nbad"), { code: "E\\r\\n+OK" }); }`,
    reply: /^-ERR x \+OK \$3 bad[^\r\n]*$/,
  },
  {
    name: "splits the reply with line breaks in a string and a field",
    source: `function attack() { return { "a\\r\\n+OK": "b\\r\\n+OK\\r\\n" }; }`,
    reply: /^%1\r\n\$6\r\na\r\n\+OK\r\n\$8\r\nb\r\n\+OK\r\n\r\n$/,
  },
  {
    name: "forges the error of a redirection without saying so",
    source: `function attack() { throw { get message() { throw "again"; }, get code() { throw 1; }, get stack() { throw 2; }, get name() { return {}; } }; }`,
    reply: /^-ERR an error without a message/,
  },
  { name: "loops for ever", source: `function attack() { for (;;) {} }`, stopped: true },
  {
    name: "loops for ever in finally and catch",
    source: `function attack() { try { for (;;) {} } catch { for (;;) {} } finally { for (;;) {} } }`,
    stopped: true,
  },
  {
    name: "loops for ever in a catastrophic regular expression",
    // An engine may give up on one match by itself and say that there is none.
    source: `function attack() { for (;;) if (/^(a+)+$/.test("a".repeat(40) + "b")) return "matched"; }`,
    stopped: true,
  },
  {
    name: "allocates objects without end",
    source: `function attack() { const a = []; for (;;) a.push({ x: a.length, y: [1, 2, 3] }); }`,
    stopped: true,
  },
  {
    name: "allocates byte arrays without end",
    source: `function attack() { const a = []; for (;;) { const b = new Uint8Array(1 << 22); b.fill(1); a.push(b); } }`,
    stopped: true,
  },
  {
    name: "doubles a text until there is no memory for it",
    source: `function attack() { let s = "x"; for (;;) s += s; }`,
    reply: /^-ERR RangeError: Out of memory/,
  },
  {
    name: "leaves thousands of rejected promises behind",
    source: `function attack() { for (let i = 0; i < 10000; i++) Promise.reject(new Error("x")); return "left"; }`,
    reply: /left/,
    wireOnly: true,
  },
  {
    name: "loops for ever by awaiting",
    source: `async function attack() { for (;;) await null; }`,
    stopped: true,
  },
  {
    name: "loops for ever in a getter of its result",
    source: `function attack() { return { get a() { for (;;) {} } }; }`,
    stopped: true,
  },
  {
    name: "loops for ever in a getter of what it throws",
    source: `function attack() { throw { get message() { for (;;) {} } }; }`,
    stopped: true,
  },
  {
    name: "loops for ever while it is loaded",
    source: `for (;;) {}\nfunction attack() { return 1; }`,
    refused: true,
  },
  {
    name: "awaits what never comes",
    source: `async function attack() { await new Promise(() => {}); return "ESCAPED"; }`,
    reply: /^-ERR the promise never settles/,
  },
  {
    name: "recurses without end",
    source: `function attack() { const f = (n) => f(n + 1) + 1; return f(0); }`,
    reply: /^-ERR RangeError: Maximum call stack size exceeded/,
  },
  {
    name: "sends JSON nested too deep to parse",
    source: `function attack(o: object) { return "parsed"; }`,
    args: ["[".repeat(200_000)],
    reply: /^-ERR attack: parameter 'o' must be object as JSON/,
  },
  {
    name: "compares a key with a string that changes under way",
    source: `function attack(key) {
      String.prototype.charCodeAt = () => 65;
      Zedis.set("other", "mine"); Zedis.set(key, "v");
      return [Zedis.get("other"), Zedis.get("AAAAA")].join("|") + ("é".charCodeAt(0));
    }`,
    keys: ["k"],
    reply: /^-ERR TypeError/,
  },
  {
    name: "runs commands that are not a procedure's",
    source: `function attack() {
      const got = [];
      for (const name of ["multi", "exec", "subscribe", "shutdown", "config", "client", "eval", "script", "blpop", "debug", "replicaof", "acl", "monitor"]) {
        if (name in Zedis) got.push("ESCAPED " + name);
        try { Zedis.call(name, "x"); got.push("ESCAPED call " + name); } catch (e) { if (e.code !== "ERR") got.push(name + e.message); }
      }
      return got.join() || "nothing";
    }`,
    reply: /nothing/,
  },
];
