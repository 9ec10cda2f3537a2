/**
 * Random input where a user's bytes enter the runtime: sources, arguments, results, synopses. Goal: nothing but the errors that
 * are meant, and replies that are well formed. FUZZ_SEED repeats a run, FUZZ_ROUNDS makes it longer.
 */
import { beforeAll, expect, test } from "bun:test";
import { compileLibrary } from "../../runtime/compile/compile.ts";
import { CompileError } from "../../runtime/compile/compile-error.ts";
import { decodeMappings } from "../../runtime/compile/source-map.ts";
import { loadSwc, type SwcCompiler } from "../../runtime/compile/swc.ts";
import { parseSynopsis } from "../../runtime/sdk/synopsis.ts";
import { Random } from "../harness/random.ts";
import { readReplies } from "../harness/resp.ts";
import { FakeServer } from "./fake-server.ts";

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const rounds = Number(process.env.FUZZ_ROUNDS ?? 1500);
console.log(`FUZZ_SEED=${seed} FUZZ_ROUNDS=${rounds}`);

let swc: SwcCompiler;
beforeAll(async () => {
  swc = await loadSwc();
});

const SOURCE = `#!ts name=fuzz engine=jsc
// Größe
type Mode = "a" | "b"; interface Item { n: number } enum E { A, B = 3 }
/** Does it.
 * @no-writes
 */
export async function f(a: string, b: number = 5, c?: boolean, d: Item | null, ...e: (Mode | "c")[]): Promise<number> {
  const x = \`\${a}é\`; return a === x ? g(b) : await Promise.resolve(b);
}
const g = (n: number, { k = 1 }: { k?: number } = {}) => (n > 0 ? g(n - 1) : k) as number;
export { g as h }; export default function last(this: void, u: Uint8Array, v: bigint) { return [u, v]; }
`;
const PIECES = [
  "(",
  ")",
  "{",
  "}",
  "export ",
  "import ",
  "function ",
  "=>",
  ":",
  "?",
  "...",
  "/**",
  "*/",
  "`",
  "'",
  '"',
  "\n",
  "\r",
  "\0",
  "#!ts name=",
  "name=",
  " engine=",
  "await ",
  "async ",
  "type ",
  "enum ",
  "\ud800",
  "😀",
  "<!--",
  "-->",
  "import(",
  "import.meta",
  "return ",
  "@",
  "=",
  ";",
  "<T>",
  "as ",
  "[]",
];

function mutated(random: Random, text: string): string {
  let out = text;
  for (let count = random.from(1, 4); count > 0; count--) {
    const at = random.below(out.length + 1);
    const length = random.chance(0.5) ? 0 : random.from(1, 20);
    const piece = random.chance(0.3)
      ? out.slice(random.below(out.length), random.below(out.length))
      : random.pick(PIECES);
    out = out.slice(0, at) + (random.chance(0.7) ? piece : "") + out.slice(at + length);
  }
  return out;
}

test("a mutated source compiles, or is refused with a reason", () => {
  const random = new Random(seed);
  let compiled = 0;
  for (let round = 0; round < rounds; round++) {
    const source = mutated(random, SOURCE);
    try {
      const library = compileLibrary(source, swc);
      decodeMappings(library.mappings);
      expect(library.functions.length).toBeGreaterThan(0);
      compiled++;
    } catch (error) {
      if (!(error instanceof CompileError)) throw new Error(`seed ${seed}, round ${round}: ${error}\n${source}`);
      expect(error.message).not.toBe("");
    }
  }
  expect(compiled).toBeGreaterThan(rounds / 50);
});

test("random bytes as arguments get a well formed reply", async () => {
  const random = new Random(seed + 1);
  const server = new FakeServer();
  await server.load(`#!ts name=fuzz
type Mode = "a" | 1 | true; interface Item { n: number }
export function text(a: string, b?: string) { return [a, b]; }
export function number(a: number, ...b: number[]) { return { a, b }; }
export function boolean(a: boolean, b = true) { return [a, b]; }
export function bigint(a: bigint) { return a; }
export function bytes(a: Uint8Array, b: Uint8Array[]) { return { a, b }; }
export function choice(a: Mode, b: Mode[]) { return [a, b]; }
export function json(a: Item, b: unknown[], c: string) { return { a, b, c }; }
export function store(a: string, b: string) { Zedis.set(a, b); Zedis.hset(b, { [a]: a }); return [Zedis.get(a), Zedis.hgetall(b), Zedis.get_bytes(a)]; }
`);
  const names = ["text", "number", "boolean", "bigint", "bytes", "choice", "json", "store"];
  const texts = [
    "",
    "1",
    "-1",
    "0.5",
    "1e5",
    "true",
    "a",
    '{"n":1}',
    "[1,[2]]",
    '{"a":',
    "null",
    "\u0000",
    "é",
    "[".repeat(3000),
    "9".repeat(400),
    "-",
    "__proto__",
  ];
  const argument = () =>
    random.chance(0.5)
      ? Buffer.from(random.pick(texts))
      : Buffer.from(Array.from({ length: random.below(random.chance(0.02) ? 70_000 : 40) }, () => random.below(256)));
  for (let round = 0; round < rounds * 4; round++) {
    const args = Array.from({ length: random.below(5) }, argument);
    const answer = server.callId(1 + random.below(names.length), [], args, { proto: random.chance(0.5) ? 2 : 3 });
    if (answer.kind === "timed out") throw new Error(`seed ${seed}, round ${round}`);
    if (answer.kind === "error") expect(answer.text).toMatch(/^[A-Z]+ [^\r\n]+$/);
    else expect(readReplies(Buffer.from(answer.resp, "latin1"))).toHaveLength(1);
  }
});

test("random results get a well formed reply", async () => {
  const random = new Random(seed + 2);
  const server = new FakeServer();
  const LEAVES = [
    "0",
    "-1",
    "1.5",
    "2**53",
    "NaN",
    "'text'",
    "'é'",
    "'\\ud800'",
    "''",
    "'x'.repeat(70)",
    "true",
    "null",
    "undefined",
    "5n",
    "2n**70n",
    "new Uint8Array(3)",
    "new Map([[1, 'a']])",
    "new Set(['s'])",
    "Object.create(null)",
    "() => 1",
    "new Date()",
    "Symbol()",
    "new Proxy({}, {})",
    "{ get a() { return 1 } }",
    "[, 1]",
  ];
  const value = (depth: number): string => {
    if (depth === 0 || random.chance(0.4)) return random.pick(LEAVES).replace(/^\{.*\}$/, "($&)");
    const items = Array.from({ length: random.below(4) }, () => value(depth - 1));
    return random.chance(0.5)
      ? `[${items.join()}]`
      : `({ ${items.map((item, index) => `"k${index}é": ${item}`).join()} })`;
  };
  for (let round = 0; round < rounds / 10; round++) {
    const values = Array.from({ length: 20 }, () => value(random.below(5)));
    const library = await server.load(
      `#!ts name=results\n${values.map((text, index) => `export function f${index}() { return ${text}; }`).join("\n")}`,
    );
    for (const fn of library.functions) {
      const answer = server.callId(fn.id, [], [], { proto: random.chance(0.5) ? 2 : 3 });
      if (answer.kind === "error") expect(answer.text).toMatch(/^ERR the result[^\r\n]+$/);
      else if (answer.kind === "result") expect(readReplies(Buffer.from(answer.resp, "latin1"))).toHaveLength(1);
      else throw new Error(`seed ${seed}, round ${round}`);
    }
    server.drop(library.functions.map((fn) => fn.id));
  }
});

test("a random synopsis is read or refused", () => {
  const random = new Random(seed + 3);
  for (let round = 0; round < rounds; round++) {
    const text = Array.from({ length: random.below(12) }, () =>
      random.pick(["[", "]", "|", "...", "key", "NX", "<", ">", '"*"']),
    ).join(" ");
    try {
      parseSynopsis(text);
    } catch (error) {
      expect(error).toBeInstanceOf(SyntaxError);
    }
  }
});
