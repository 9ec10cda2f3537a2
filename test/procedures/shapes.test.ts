/** What the declared type of a JSON argument asks for, in the compiler's words and in the check's. */
import { beforeAll, describe, expect, test } from "bun:test";
import { compileLibrary } from "../../runtime/compile/compile.ts";
import { loadSwc, type SwcCompiler } from "../../runtime/compile/swc.ts";
import { misfit } from "../../runtime/convert/shape.ts";
import type { ParameterSchema } from "../../runtime/schema.ts";
import { FakeServer } from "./fake-server.ts";

let swc: SwcCompiler;
beforeAll(async () => {
  swc = await loadSwc();
});

const DECLARED = `
interface Item { sku: string; qty: number; tags?: string[]; note: string | null }
interface Priced extends Item { price: number }
interface Node { value: number; next: Node | null }
interface Tree { children: Tree[] }
interface Box<T> { inner: T }
class Account { id = ""; }
enum Level { Low, High = 5 }
enum Color { Red = "red", Blue = "blue" }
type Point = readonly [x: number, y: number];
type Shape = { kind: "circle"; r: number } | { kind: "square"; side: number };
type Names = "a" | "b";
type Loop = Loop[];
`;

function parameter(type: string): ParameterSchema {
  const [fn] = compileLibrary(
    `#!ts name=lib\n${DECLARED}\nexport function f(p: ${type}, last: string) {}`,
    swc,
  ).functions;
  return fn?.parameters[0] as ParameterSchema;
}

const check = (type: string, value: unknown): string | null => {
  const { shape } = parameter(type);
  return shape === undefined ? null : misfit(value, shape, "p");
};

const ITEM = { sku: "x", qty: 2, note: null };

describe("fits", () => {
  test.each<[string, unknown]>([
    ["Item", ITEM],
    ["Item", { ...ITEM, tags: [], more: [1] }],
    ["Item | null", null],
    ["Priced", { ...ITEM, price: 1 }],
    ["Node", { value: 1, next: { value: 2, next: null } }],
    ["Tree", { children: [{ children: [{ children: [] }] }] }],
    ["Box<number>", { inner: "looked at as an object alone" }],
    ["Account", { anything: 1 }],
    ["{ level: Level; color: Color }", { level: 5, color: "blue" }],
    ["Point[]", [[1, 2]]],
    [
      "Shape[]",
      [
        { kind: "circle", r: 1 },
        { kind: "square", side: 2 },
      ],
    ],
    ["Record<string, number>", { a: 1, b: 2 }],
    ["Record<Names, number>", { a: 1, b: 2 }],
    ["{ [name: string]: boolean; always: any }", { x: true, always: 5 }],
    ["Partial<Item>", {}],
    ["Required<{ a?: number }>", { a: 1 }],
    ["Pick<Item, 'sku'>", { sku: "x" }],
    ["Omit<Item, 'qty' | 'note'>", { sku: "x" }],
    ["Item & { extra: boolean }", { ...ITEM, extra: true }],
    ["{ a: number | string; b?: number; c: number | undefined; f: () => void; m(): void }", { a: "x" }],
    ["{ '__proto__': number; 'two words': 1 }", JSON.parse('{"__proto__": 1, "two words": 1}')],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a type
    ["{ id: `u${string}`; when: Date; big: bigint; key: keyof Item }", { id: "u1", when: 1, big: "1", key: "sku" }],
    ["Array<{ a: Readonly<Item> }>", [{ a: ITEM }]],
    ["Loop", [[[["too deep to be looked at"]]]]],
    ["object", { a: 1 }],
    ["[number, ...string[]]", [1, "a", 2]],
  ])("%s", (type, value) => {
    expect(check(type, value)).toBeNull();
  });
});

describe("does not fit", () => {
  test.each<[string, unknown, string]>([
    ["Item", { ...ITEM, qty: "2" }, `'p.qty' must be number, got "2"`],
    ["Item", { sku: "x", note: "" }, "'p.qty' must be number, and is missing"],
    ["Item", { ...ITEM, tags: ["a", 1] }, "'p.tags[1]' must be string, got 1"],
    ["Item", { ...ITEM, note: 5 }, "'p.note' must be string or null, got 5"],
    ["Item", [ITEM], "'p' must be an object, got an array of 1"],
    ["Item", null, "'p' must be an object, got null"],
    ["Item", Object.create(ITEM), "'p.sku' must be string, and is missing"],
    ["Priced", { ...ITEM, price: null }, "'p.price' must be number, got null"],
    ["Priced", { ...ITEM, sku: 1, price: 1 }, "'p.sku' must be string, got 1"],
    ["Node", { value: 1, next: { value: "2", next: null } }, `'p.next.value' must be number, got "2"`],
    ["Tree", { children: [{ children: {} }] }, "'p.children[0].children' must be an array, got an object"],
    ["Box<number>", [], "'p' must be an object, got an array of 0"],
    ["{ level: Level }", { level: 2 }, "'p.level' must be 0 or 5, got 2"],
    ["{ color: Color }", { color: "green" }, `'p.color' must be "red" or "blue", got "green"`],
    ["Point[]", [[1, 2], [1]], "'p[1]' must be an array of 2, got an array of 1"],
    ["Point", [1, "2"], `'p[1]' must be number, got "2"`],
    ["Shape", { kind: "circle", side: 2 }, "'p.r' must be number, and is missing"],
    ["Shape", { kind: "oval" }, "'p' must be an object, got an object"],
    ["Record<string, number>", { "a b": "1" }, `'p["a b"]' must be number, got "1"`],
    ["Record<Names, number>", { a: 1 }, "'p.b' must be number, and is missing"],
    ["{ [name: string]: boolean }", { x: 1 }, "'p.x' must be boolean, got 1"],
    ["Partial<Item>", { qty: true }, "'p.qty' must be number, got true"],
    ["Required<{ a?: number }>", {}, "'p.a' must be number, and is missing"],
    ["Item & { extra: boolean }", ITEM, "'p.extra' must be boolean, and is missing"],
    ["number[]", [1, null], "'p[1]' must be number, got null"],
    ["string[] | null", [1], "'p[0]' must be string, got 1"],
    ["{ s: string }", { s: { a: "x".repeat(100) } }, "'p.s' must be string, got an object"],
    ["{ n: number }", { n: "x".repeat(100) }, `'p.n' must be number, got "${"x".repeat(64)}…"`],
  ])("%s of %j: %s", (type, value, text) => {
    expect(check(type, value)).toBe(text);
  });
});

test("types without end or with very many parts are looked into so far and no further", () => {
  const wide = Array.from({ length: 3000 }, (_, index) => `f${index}?: { a: Tree }`).join("; ");
  expect(JSON.stringify(parameter(`{ ${wide} }`).shape).length).toBeLessThan(300_000);
  let deep = "number";
  for (let depth = 0; depth < 100; depth++) deep = `{ a: ${deep} }`;
  expect(check(deep, { a: 1 })).toBe("'p.a' must be an object, got 1");
});

describe.each(["jsc", "quickjs"])("an argument in %s", (engine) => {
  test("is refused before anything runs, with its place, also behind others and inherited from nothing", async () => {
    const server = new FakeServer(engine);
    await server.load(`#!ts name=lib
${DECLARED}
Object.defineProperty(Object.prototype, "qty", { get() { Zedis.set("seen", "1"); return 1; }, configurable: true });
export function one(key: string, item: Item) { Zedis.set(key, item.qty); return item.qty; }
export function many(key: string, items: Item[]) { return items.length; }
export function spread(...points: Point[]) { return points.flat().length; }
export function maybe(item?: Item | null) { return item === null ? "null" : typeof item; }
`);
    const call = (name: string, ...args: string[]) => server.reply(name, [], args);
    const item = JSON.stringify(ITEM);
    expect(call("one", "k", item)).toBe(":2\r\n");
    expect(call("one", "k", '{"sku":"x","note":null}')).toBe(
      "-ERR one: parameter 'item.qty' must be number, and is missing",
    );
    expect(server.stored("seen")).toBeUndefined();
    expect(call("one", "k", "[]")).toBe("-ERR one: parameter 'item' must be an object, got an array of 0");
    expect(call("one", "k", "nope")).toBe(`-ERR one: parameter 'item' must be Item as JSON, got "nope"`);
    expect(call("many", "k", item, item)).toBe(":2\r\n");
    expect(call("many", "k", item, '{"sku":1}')).toBe("-ERR many: parameter 'items[1].sku' must be string, got 1");
    expect(call("spread", "[1,2]", "[3,4]")).toBe(":4\r\n");
    expect(call("spread", "[1,2]", "[3]")).toBe(
      "-ERR spread: parameter 'points[1]' must be an array of 2, got an array of 1",
    );
    expect(call("maybe")).toBe("$9\r\nundefined\r\n");
    expect(call("maybe", "null")).toBe("$4\r\nnull\r\n");
    expect(call("maybe", '{"sku":[]}')).toBe("-ERR maybe: parameter 'item.sku' must be string, got an array of 0");
    expect(call("one", "k", item)).toBe(":2\r\n");
  });
});
