import { beforeAll, describe, expect, test } from "bun:test";
import { compileLibrary } from "./compile.ts";
import { CompileError } from "./compile-error.ts";
import { loadSwc, type SwcCompiler, syntaxError } from "./swc.ts";

let swc: SwcCompiler;
beforeAll(async () => {
  swc = await loadSwc();
});

const compile = (body: string, header = "#!ts name=lib") => compileLibrary(`${header}\n${body}`, swc);
const names = (body: string) => compile(body).functions.map((fn) => fn.name);
const parameters = (body: string) => compile(body).functions[0]?.parameters ?? [];

function refusal(body: string, header?: string): CompileError {
  try {
    compile(body, header);
  } catch (error) {
    if (error instanceof CompileError) return error;
    throw error;
  }
  throw new Error("it compiled");
}

describe("the header", () => {
  const source = (text: string) => {
    try {
      return compileLibrary(text, swc).name;
    } catch (error) {
      return error instanceof CompileError ? error.message : error;
    }
  };

  test("names the language and the library", () => {
    expect(compile("function f() {}", "#!js name=other_1 engine=jsc")).toMatchObject({
      name: "other_1",
      language: "js",
      engine: "jsc",
    });
  });

  test.each([
    ["function f() {}", "Missing library metadata"],
    ["#!ts name=a", "Invalid library metadata"],
    ["#!\nfunction f() {}", "Library name was not given"],
    ["#!ts\nfunction f() {}", "Library name was not given"],
    ["#!ts name=a name=b\n", "Invalid metadata value, name argument was given multiple times"],
    ["#!ts name=a size=3\n", "Invalid metadata value given: size=3"],
    ["#!cobol name=a\n", "Engine 'cobol' not found"],
    [
      "#!ts name=a-b\n",
      "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
    ],
    ["#!ts name=a\nconst x = 1;", "No functions registered"],
  ])("%j is refused with Redis's words", (text, message) => {
    expect(source(text)).toBe(message);
  });

  test("that was put before a file does not count as a line of it", () => {
    expect(refusal("let = 1;", "#!ts name=a").line).toBe(2);
    expect(refusal("let = 1;", "#!ts name=a line=0").line).toBe(1);
  });

  test("with an engine that does not exist names those that do", () => {
    expect(refusal("function f() {}", "#!ts name=a engine=v9").message).toContain("one of: jsc");
  });

  test("may end in a carriage return", () => {
    expect(source("#!ts name=a\r\nfunction f() {}\r\n")).toBe("a");
  });
});

describe("registered are", () => {
  test("all functions of the top level where nothing is exported", () => {
    expect(
      names("function a() {}\nconst b = () => 1, c = function () {}, d = 5;\nasync function e() {}\nfunction* g() {}"),
    ).toEqual(["a", "b", "c", "e"]);
  });

  test("only the exported ones where something is", () => {
    expect(
      names("function a() {}\nexport function b() {}\nexport const c = async () => 1;\nexport const LIMIT = 3;"),
    ).toEqual(["b", "c"]);
  });

  test("exports under the name they are exported by, defaults too", () => {
    expect(
      names("function a() {}\nconst b = () => 1;\nexport { a as first, b };\nexport default function last() {}"),
    ).toEqual(["first", "b", "last"]);
  });

  test("implementations, not their overloads and declarations", () => {
    expect(
      names("declare function x(): void;\nfunction f(a: string): string;\nfunction f(a: string) { return a }"),
    ).toEqual(["f"]);
  });

  test("functions that stand in brackets or behind a type", () => {
    expect(
      names("type H = (a: string) => string;\nconst f = ((a: string) => a) as H;\nconst g = (() => '') satisfies H;"),
    ).toEqual(["f", "g"]);
  });
});

describe("a parameter", () => {
  const kinds = (list: string, before = "") =>
    parameters(`${before}\nexport function f(${list}) {}`).map((one) => one.kind);

  test("takes its kind from its type", () => {
    expect(
      kinds(
        "a: string, b: number, c: boolean, d: bigint, e: Uint8Array, f: 'x' | 'y', g: {n: number}, h: any, i: unknown",
      ),
    ).toEqual(["string", "number", "boolean", "bigint", "bytes", "choice", "json", "string", "string"]);
  });

  test("takes its kind from its default where it has no type", () => {
    expect(kinds("a, b = 1, c = 'x', d = true, e = -1, f = 1n, g = {}, h = [], {i} = {}")).toEqual([
      "string",
      "number",
      "string",
      "boolean",
      "number",
      "bigint",
      "json",
      "json",
      "json",
    ]);
  });

  test("takes aliases, interfaces, classes and enums of the file for what they are", () => {
    const before =
      "type Id = string; type Mode = 'a' | 'b'; interface Item { n: number } class Box {} enum E { A, B = 5 } type Deep = Id;";
    expect(kinds("a: Id, b: Mode, c: Item, d: Box, e: E, f: Deep, g: Item | null, h: readonly Item[]", before)).toEqual(
      ["string", "choice", "json", "json", "choice", "string", "json", "json"],
    );
    expect(parameters(`${before} export function f(e: E, m: Mode | 'c') {}`).map((one) => one.choices)).toEqual([
      [0, 5],
      ["a", "b", "c"],
    ]);
  });

  test("is optional with a question mark, a default, or undefined in its type", () => {
    expect(
      parameters("function f(a: string, b?: number, c = 2, d: string | undefined) {}").map((one) => one.optional),
    ).toEqual([false, true, true, true]);
  });

  test("in last place takes the rest where it is an array or spread", () => {
    expect(parameters("function f(a: string, b: number[]) {}")[1]).toMatchObject({
      kind: "number",
      rest: true,
      spread: false,
      type: "number",
    });
    expect(parameters("function f(...b: ('x' | 'y')[]) {}")[0]).toMatchObject({
      kind: "choice",
      rest: true,
      spread: true,
      choices: ["x", "y"],
    });
    expect(parameters("function f(a: number[], b: string) {}")[0]).toMatchObject({ kind: "json", rest: false });
  });

  test("called this is none", () => {
    expect(parameters("function f(this: void, a: string) {}").map((one) => one.name)).toEqual(["a"]);
  });

  test.each(["Map<string, string>", "() => void", "Date", "number | { a: 1 }", "symbol", "'none' | number", "T"])(
    "of type %s is refused with its place",
    (type) => {
      const error = refusal(`// one line\nfunction f(ok: string, bad: ${type}) {}`);
      expect(error.message).toContain(`parameter 'bad' has type ${type}`);
      expect([error.line, error.column]).toEqual([3, 29]);
    },
  );
});

describe("a documentation comment", () => {
  test("gives the description and the flags", () => {
    const [fn] = compile(`/**
 * Reads the stock.
 * Never writes.
 * @no-writes
 * @allow-stale
 * @param id whose
 * @see somewhere
 */
export async function f(id: string): Promise<number> { return 1 }`).functions;
    expect(fn).toMatchObject({
      description: "Reads the stock.\nNever writes.",
      flags: ["no-writes", "allow-stale"],
      async: true,
      result: "Promise<number>",
    });
  });

  test("says @readonly for no-writes", () => {
    const [fn] = compile("/** @readonly */\nexport function f(id: string) { return Zedis.get(id) }").functions;
    expect(fn?.flags).toEqual(["no-writes"]);
  });

  test("belongs to the function it stands before", () => {
    const [a, b] = compile("/** of a */\nfunction a() {}\n/* no doc */\nfunction b() {}").functions;
    expect([a?.description, b?.description]).toEqual(["of a", ""]);
  });
});

describe("refused is", () => {
  test.each([
    ["import fs from 'fs';\nfunction f() {}", "cannot import ('fs')", 2],
    ["function f() {}\nexport * from 'x';", "cannot import", 3],
    ["function f() { return import('x') }", "cannot import()", 2],
    ["function f() {}\nawait f();", "await at the top level", 3],
    ["function f() {\n  let x: = 5;\n}", "Unexpected token", 3],
    ["export function* g() {}", "is a generator", 2],
    ["export const $f = () => 1;", "can only contain letters", 2],
    ["export default () => 1;", "needs a named function", 2],
    ["export default function () {}", "needs a name", 2],
  ])("%j, with its line", (body, message, line) => {
    const error = refusal(body);
    expect(error.message).toContain(message);
    expect(error.line).toBe(line);
  });

  test("not an import of types, which says nothing at run time", () => {
    expect(names("import type { Item } from './types';\nfunction f(a: string) {}")).toEqual(["f"]);
  });
});

test("what is missing at the end of the file is told with its place, like any other error", () => {
  for (const [body, line, column] of [
    ["function f() {\n  return 1 +\n", 3, 14],
    ["function f() {\n  return Zedis.get_int(key\n", 3, 28],
    ["function f() {\n  return 1 +;\n}\n", 3, 13],
  ] as const) {
    const { line: at, column: from } = refusal(body);
    expect([body, at, from]).toEqual([body, line, column]);
  }
});

test("columns count characters, not bytes, after text that is not ASCII", () => {
  const error = refusal("const s = 'äöü€😀'; import('x'); function f() {}");
  expect([error.line, error.column]).toEqual([2, 21]);
});

test("types, enums, namespaces and parameter properties leave JavaScript", () => {
  const { code } = compile(
    "enum E { A }\nnamespace N { export const q = 1 }\nclass P { constructor(private x: number) {} }\nfunction f(a: string): number { return E.A + N.q + (a as unknown as number)! }",
  );
  expect(() => new Function(`return ${code}`)).not.toThrow();
});

test("a report that SWC draws in colours, as on a terminal, has the same text and place", () => {
  const drawn =
    "  \u001b[31m×\u001b[0m Expected ',', got '{'\n   ╭─[1:1]\n \u001b[2m1\u001b[0m │ export function wrong(key: string {\n" +
    "   · \u001b[35;1m                                  ─\u001b[0m\n \u001b[2m2\u001b[0m │   return 1;\n   ╰────\n";
  const { message, line, column } = syntaxError(drawn);
  expect([message, line, column]).toEqual(["Error compiling function: Expected ',', got '{'", 1, 35]);
});
