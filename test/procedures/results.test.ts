/** Results of a call as RESP2 and RESP3. */
import { expect, test } from "bun:test";
import { FakeServer } from "./fake-server.ts";

/** The reply of an expression as a function's result. */
async function result(expression: string, proto: 2 | 3, before = ""): Promise<string> {
  const server = new FakeServer();
  await server.load(`#!ts name=lib\n${before}\nexport function f() { return ${expression}; }\n`);
  return server.reply("f", [], [], { proto });
}

test.each([
  ["5", ":5\r\n", ":5\r\n"],
  ["-0", ":0\r\n", ":0\r\n"],
  ["-2147483649", ":-2147483649\r\n", ":-2147483649\r\n"],
  ["Number.MAX_SAFE_INTEGER", ":9007199254740991\r\n", ":9007199254740991\r\n"],
  ["2 ** 53", "$16\r\n9007199254740992\r\n", ",9007199254740992\r\n"],
  ["1.5", "$3\r\n1.5\r\n", ",1.5\r\n"],
  ["-Infinity", "$4\r\n-inf\r\n", ",-inf\r\n"],
  ["NaN", "$3\r\nnan\r\n", ",nan\r\n"],
  ["12n", ":12\r\n", ":12\r\n"],
  ["2n ** 63n", "$19\r\n9223372036854775808\r\n", "(9223372036854775808\r\n"],
  ["-(2n ** 63n)", ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"],
  ["true", ":1\r\n", "#t\r\n"],
  ["false", ":0\r\n", "#f\r\n"],
  ["null", "$-1\r\n", "_\r\n"],
  ["undefined", "$-1\r\n", "_\r\n"],
  ["''", "$0\r\n\r\n", "$0\r\n\r\n"],
  ["'text'", "$4\r\ntext\r\n", "$4\r\ntext\r\n"],
  ["'x'.repeat(100)", `$100\r\n${"x".repeat(100)}\r\n`, `$100\r\n${"x".repeat(100)}\r\n`],
  ["Uint8Array.of(0, 255)", "$2\r\n\x00\xff\r\n", "$2\r\n\x00\xff\r\n"],
  ["[1, 'a', [null]]", "*3\r\n:1\r\n$1\r\na\r\n*1\r\n$-1\r\n", "*3\r\n:1\r\n$1\r\na\r\n*1\r\n_\r\n"],
  ["[1, , 3]", "*3\r\n:1\r\n$-1\r\n:3\r\n", "*3\r\n:1\r\n_\r\n:3\r\n"],
  [
    "({ a: 1, b: { c: true } })",
    "*4\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n*2\r\n$1\r\nc\r\n:1\r\n",
    "%2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n%1\r\n$1\r\nc\r\n#t\r\n",
  ],
  ["Object.create(null)", "*0\r\n", "%0\r\n"],
  [
    "new Map([['k', 1], [2, 'v']])",
    "*4\r\n$1\r\nk\r\n:1\r\n$1\r\n2\r\n$1\r\nv\r\n",
    "%2\r\n$1\r\nk\r\n:1\r\n$1\r\n2\r\n$1\r\nv\r\n",
  ],
  ["new Set([1, 'b'])", "*2\r\n:1\r\n$1\r\nb\r\n", "~2\r\n:1\r\n$1\r\nb\r\n"],
  ["new (class P { x = 1; get y() { return 2 } })()", "*2\r\n$1\r\nx\r\n:1\r\n", "%1\r\n$1\r\nx\r\n:1\r\n"],
  ["({ get a() { return 5 } })", "*2\r\n$1\r\na\r\n:5\r\n", "%1\r\n$1\r\na\r\n:5\r\n"],
])("%s", async (expression, resp2, resp3) => {
  expect(await result(expression, 2)).toBe(resp2);
  expect(await result(expression, 3)).toBe(resp3);
});

test("text beyond ASCII is UTF-8, whatever its length", async () => {
  for (const text of ["ü", "€".repeat(30), `${"x".repeat(63)}ü`, "😀".repeat(100)]) {
    const bytes = Buffer.from(text).toString("latin1");
    expect(await result(JSON.stringify(text), 3)).toBe(`$${bytes.length}\r\n${bytes}\r\n`);
  }
  expect(await result('"a\\ud800b"', 3)).toBe("$5\r\na\xef\xbf\xbdb\r\n");
});

test("a result larger than the deck arrives whole", async () => {
  const reply = await result("Array.from({ length: 100000 }, (_, i) => 'item ' + i)", 3);
  expect(reply).toStartWith("*100000\r\n$6\r\nitem 0\r\n");
  expect(reply).toEndWith("$10\r\nitem 99999\r\n");
  expect(reply.split("\r\n").length).toBe(200002);
});

test("one text of three megabytes arrives whole", async () => {
  expect((await result("'é'.repeat(1 << 20) + 'x'", 3)).length).toBe((2 << 20) + 1 + "$2097153\r\n\r\n".length);
});

test.each([
  ["() => 1", "the result is a function, which cannot be sent"],
  ["Symbol('s')", "the result is a symbol, which cannot be sent"],
  ["[1, { a: [() => 1] }]", "the result[1].a[0] is a function, which cannot be sent"],
  ["new Date(0)", "the result is a Date; send getTime() or toISOString()"],
  ["new Error('x')", "the result is an Error; throw it instead"],
  ["[Promise.resolve(1)]", "the result[0] is a promise; await it"],
  ["new Float64Array(1)", "the result is a typed array other than Uint8Array, which cannot be sent"],
  ["/x/", "the result is an object that cannot be sent"],
])("%s is refused: %s", async (expression, message) => {
  expect(await result(expression, 3)).toBe(`-ERR ${message} (f)`);
});

test("nothing of a call remains whose result cannot be sent", async () => {
  const server = new FakeServer();
  await server.load("#!ts name=lib\nexport function f(key: string) { Zedis.set(key, 1); return () => 1; }");
  expect(server.reply("f", ["k"])).toStartWith("-ERR");
  expect(server.stored("k")).toBeUndefined();
});
