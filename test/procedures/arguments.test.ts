/** Arguments of a call: what bytes become, and what is said where they do not fit. */
import { beforeAll, describe, expect, test } from "bun:test";
import { FakeServer } from "./fake-server.ts";

const server = new FakeServer();

beforeAll(async () => {
  await server.load(`#!ts name=lib
enum Level { Low, High = 5 }
interface Item { n: number }
export function text(s: string) { return [typeof s, s, s.length]; }
export function number(n: number) { return [typeof n, String(n)]; }
export function boolean(b: boolean) { return [typeof b, b]; }
export function bigint(b: bigint) { return [typeof b, b + 1n]; }
export function bytes(b: Uint8Array) { return [b instanceof Uint8Array, b.length, b]; }
export function choice(c: "a" | "b" | 3 | true) { return [typeof c, c]; }
export function level(l: Level) { return l; }
export function json(i: Item, list: number[], last: string) { return [i.n, list, last, i instanceof Object, list instanceof Array]; }
export function maybe(i: Item | null, n: number) { return [i === null, n]; }
export function optional(a: string, b?: number, c = "deflt") { return [a, b ?? "none", c]; }
export function rest(a: string, ...n: number[]) { return [a, n.length, n.reduce((x, y) => x + y, 0), Array.isArray(n)]; }
export function array(a: string, n: string[]) { return [a, n, n instanceof Array]; }
export function none() { return "none"; }
export function keysAndArgs(k1: string, k2: string, a: number) { Zedis.set(k1, a); Zedis.set(k2, a + 1); return [Zedis.get(k1), Zedis.get(k2)]; }
`);
});

const reply = (name: string, ...args: (string | Uint8Array)[]) => server.reply(name, [], args);

describe("a string parameter", () => {
  test("gets text as it is, ASCII or not", () => {
    expect(reply("text", "plain")).toBe("*3\r\n$6\r\nstring\r\n$5\r\nplain\r\n:5\r\n");
    expect(Buffer.from(reply("text", "grün €😀"), "latin1").toString()).toBe(
      "*3\r\n$6\r\nstring\r\n$13\r\ngrün €😀\r\n:8\r\n",
    );
    expect(reply("text", "")).toBe("*3\r\n$6\r\nstring\r\n$0\r\n\r\n:0\r\n");
  });
});

describe("a number parameter", () => {
  test.each([
    ["5", "5"],
    ["-17", "-17"],
    ["0042", "42"],
    ["3.25", "3.25"],
    ["-.5", "-0.5"],
    ["1e3", "1000"],
    ["+7", "7"],
    ["123456789012345", "123456789012345"],
    ["9007199254740993", "9007199254740992"],
  ])("reads %s", (text, value) => {
    expect(reply("number", text)).toBe(`*2\r\n$6\r\nnumber\r\n$${value.length}\r\n${value}\r\n`);
  });

  test.each(["", "-", "abc", "5x", " 5", "0x10", "NaN", "Infinity", "1e", "--1", "٣"])("refuses %j", (text) => {
    expect(Buffer.from(reply("number", text), "latin1").toString("latin1")).toStartWith(
      "-ERR number: parameter 'n' must be number, got ",
    );
  });
});

test("a boolean parameter takes true, false, 1 and 0", () => {
  for (const text of ["true", "TRUE", "1"]) expect(reply("boolean", text)).toEndWith("#t\r\n");
  for (const text of ["false", "0"]) expect(reply("boolean", text)).toEndWith("#f\r\n");
  expect(reply("boolean", "yes")).toBe(`-ERR boolean: parameter 'b' must be boolean (true or false), got "yes"`);
});

test("a bigint parameter keeps every digit", () => {
  expect(reply("bigint", "123456789012345678901234567890")).toEndWith("(123456789012345678901234567891\r\n");
  expect(reply("bigint", "1.5")).toBe(`-ERR bigint: parameter 'b' must be bigint (an integer), got "1.5"`);
});

test("a Uint8Array parameter gets the bytes", () => {
  expect(reply("bytes", Uint8Array.of(0, 255, 13, 10))).toBe("*3\r\n#t\r\n:4\r\n$4\r\n\x00\xff\r\n\r\n");
});

test("a parameter of literals takes these alone, as their own types", () => {
  expect(reply("choice", "a")).toBe("*2\r\n$6\r\nstring\r\n$1\r\na\r\n");
  expect(reply("choice", "3")).toBe("*2\r\n$6\r\nnumber\r\n:3\r\n");
  expect(reply("choice", "true")).toBe("*2\r\n$7\r\nboolean\r\n#t\r\n");
  expect(reply("choice", "c")).toBe(`-ERR choice: parameter 'c' must be one of "a", "b", 3, true, got "c"`);
  expect(reply("level", "5")).toBe(":5\r\n");
  expect(reply("level", "1")).toStartWith("-ERR level");
});

test("an object parameter is parsed from JSON into objects of the library's own", () => {
  expect(reply("json", '{"n":7}', "[1,2]", "x")).toBe("*5\r\n:7\r\n*2\r\n:1\r\n:2\r\n$1\r\nx\r\n#t\r\n#t\r\n");
  expect(reply("json", "{n:7}", "[1]", "x")).toBe(`-ERR json: parameter 'i' must be Item as JSON, got "{n:7}"`);
  expect(reply("json", "5", "[1]", "x")).toStartWith("-ERR json: parameter 'i'");
});

test("an object parameter that may be null takes null, others do not", () => {
  expect(reply("maybe", "null", "1")).toBe("*2\r\n#t\r\n:1\r\n");
  expect(reply("json", "null", "[1]", "x")).toStartWith("-ERR json: parameter 'i'");
});

test("optional parameters may be left out from the end", () => {
  expect(reply("optional", "x")).toBe("*3\r\n$1\r\nx\r\n$4\r\nnone\r\n$5\r\ndeflt\r\n");
  expect(reply("optional", "x", "5", "y")).toBe("*3\r\n$1\r\nx\r\n:5\r\n$1\r\ny\r\n");
});

test("a rest parameter takes all that remain, converted one by one", () => {
  expect(reply("rest", "x", "1", "2", "3")).toBe("*4\r\n$1\r\nx\r\n:3\r\n:6\r\n#t\r\n");
  expect(reply("rest", "x")).toBe("*4\r\n$1\r\nx\r\n:0\r\n:0\r\n#t\r\n");
  expect(reply("rest", "x", "1", "two")).toBe(`-ERR rest: parameter 'n' must be number, got "two"`);
  expect(reply("array", "x", "a", "b")).toBe("*3\r\n$1\r\nx\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n#t\r\n");
});

test("two thousand arguments arrive, more than the deck has room for", () => {
  const many = Array.from({ length: 3000 }, (_, index) => String(index));
  expect(reply("rest", "x", ...many)).toBe(`*4\r\n$1\r\nx\r\n:3000\r\n:${(2999 * 3000) / 2}\r\n#t\r\n`);
});

test("an argument of two megabytes arrives", () => {
  expect(reply("bytes", Buffer.alloc(2 << 20, "x"))).toStartWith(`*3\r\n#t\r\n:${2 << 20}\r\n$${2 << 20}\r\nxxx`);
});

test("too few and too many arguments are refused with the signature, before anything runs", () => {
  expect(reply("optional")).toBe("-ERR optional takes 1 to 3 arguments (a: string, b?: number, c?: string), got 0");
  expect(reply("none", "x")).toBe("-ERR none takes 0 arguments (), got 1");
  expect(reply("rest")).toBe("-ERR rest takes at least 1 arguments (a: string, ...n: number[]), got 0");
  const before = server.native.hostCalls;
  expect(server.reply("keysAndArgs", ["a", "b"], ["x"])).toStartWith("-ERR keysAndArgs: parameter 'a'");
  expect(server.native.hostCalls).toBe(before);
});

test("keys come first, then arguments", () => {
  expect(server.reply("keysAndArgs", ["one", "two"], ["7"])).toBe("*2\r\n$1\r\n7\r\n$1\r\n8\r\n");
  expect(server.reply("keysAndArgs", [], ["one", "two", "9"])).toBe("*2\r\n$1\r\n9\r\n$2\r\n10\r\n");
});
