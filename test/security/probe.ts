/**
 * Code that every attempt carries. `probe(value)` walks all that is reachable from `value` (properties, accessors,
 * prototypes, constructors) and looks for an object of another realm: its prototype chain ends in an Object.prototype that
 * is not the library's own. From there the host is one `constructor("return process")` away, and that is tried.
 */
export const PROBE = `
const ownObjectPrototype = Object.prototype;
const ownKeys = Reflect.ownKeys, protoOf = Object.getPrototypeOf, describe = Object.getOwnPropertyDescriptor;
const isSomething = (v) => (typeof v === "object" && v !== null) || typeof v === "function";
function rootOf(v) {
  let last = v;
  for (let p = protoOf(v); p !== null; p = protoOf(p)) last = p;
  return last;
}
function takeOver(v) {
  for (let c = v, i = 0; isSomething(c) && i < 6; i++) {
    try {
      const got = c.constructor("return typeof process + typeof Bun + typeof require")();
      if (typeof got === "string" && got.includes("object")) return "ESCAPED by constructor: " + got;
    } catch {}
    try { c = c.constructor; } catch { break; }
  }
  return "";
}
function probe(...values) {
  const seen = new Set();
  const queue = [...values];
  while (queue.length > 0 && seen.size < 20000) {
    const v = queue.shift();
    if (!isSomething(v) || seen.has(v)) continue;
    seen.add(v);
    const taken = takeOver(v);
    if (taken !== "") return taken;
    let root;
    try { root = rootOf(v); } catch { continue; }
    if (root !== v && root !== ownObjectPrototype && describe(root, "hasOwnProperty") !== undefined) {
      return "ESCAPED: an object of another realm: " + String(typeof v) + " " + ownKeys(v).map(String).slice(0, 8).join();
    }
    if (root === v && v !== ownObjectPrototype && describe(v, "hasOwnProperty") !== undefined) {
      return "ESCAPED: Object.prototype of another realm";
    }
    for (const key of ownKeys(v)) {
      const d = describe(v, key);
      if (d === undefined) continue;
      queue.push(d.value, d.get, d.set);
    }
    queue.push(protoOf(v));
  }
  return "nothing";
}
`;
