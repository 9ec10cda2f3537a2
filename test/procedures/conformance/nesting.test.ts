/** Functions that call functions, in every pair of engines that can: one transaction, one set of limits. */
import { describe, setDefaultTimeout } from "bun:test";
import { anything, boolean, double, errorLike, like, map, ok } from "../../harness/expected.ts";
import { type Row, suite } from "../../harness/suite.ts";
import { ENGINES } from "./engines.ts";

setDefaultTimeout(60_000);

const server = suite({
  kind: "zedis",
  options: { "procedure-time-limit": "1500", "procedure-keys-limit": "1000", "procedure-quickjs-memory-limit": "8mb" },
});

const OUTER = `
export function values(key: string) {
  const inner = Zedis.fcall("inner", [key], ["a", 2]) as unknown[];
  return [inner, Zedis.get(key), Zedis.fcall("nothing"), Zedis.fcall("record"), Zedis.call("FCALL", "inner", 1, key, "b", "3")];
}
export function bytes() { return [...(Zedis.bytes.fcall("raw") as Uint8Array)].join(); }
export function keeps(key: string) {
  Zedis.set(key, "outer");
  Zedis.rpush("list", "outer");
  let text = "";
  try { Zedis.fcall("spoils", [key]); } catch (error) { text = (error as Error).message; }
  return [text, Zedis.get(key), Zedis.llen("list"), Zedis.exists("other")];
}
export function loses(key: string) { Zedis.set(key, "outer"); Zedis.fcall("spoils", [key]); }
/** @no-writes */
export function reads(key: string) { return Zedis.fcall("inner", [key], ["a", 1]); }
export function readOnly(key: string) { return Zedis.call("FCALL_RO", "inner", 1, key, "a", 1); }
export function deep(n: number): number { return n === 0 ? 0 : 1 + (Zedis.fcall("deeper", [], [n - 1]) as number); }
export function missing() { return Zedis.fcall("nosuch"); }
export function spin(key: string) { Zedis.set(key, 1); try { Zedis.fcall("forever"); } catch {} return 1; }
export function many(key: string) { Zedis.set(key, 1); for (let i = 0; ; i++) Zedis.fcall("inner", ["k" + i], ["a", 1]); }
export function wrong() { return Zedis.fcall("inner", ["k"], ["a"]); }
export async function later(key: string) { await null; const got = await Zedis.fcall("awaits", [key]); await null; return [got, Zedis.get(key)]; }
export function large() { return (Zedis.fcall("echo", [], ["x".repeat(700000)]) as string).length; }
`;
const INNER = `
export function inner(key: string, text: string, n: number) { Zedis.set(key, text + n); return [key, text, n, n / 4, n > 2]; }
export function nothing() {}
export function record() { return { a: 1, b: ["c"] }; }
export function raw() { return new Uint8Array([0, 200, 255]); }
export function spoils(key: string) { Zedis.set(key, "inner"); Zedis.rpush("list", "inner"); Zedis.set("other", 1); throw new Error("spoilt"); }
export function deeper(n: number): number { return n === 0 ? 1 : 1 + (Zedis.fcall("deep", [], [n - 1]) as number); }
export function forever() { for (;;); }
export async function awaits(key: string) { await null; Zedis.set(key, "awaited"); await null; return "done"; }
export function echo(text: string) { return text; }
`;
const engines = ENGINES.filter(({ language }) => language === "ts");

for (const outer of engines) {
  for (const inner of engines) {
    const load: readonly Row[] = [
      ["FUNCTION FLUSH", ok],
      [["FUNCTION", "LOAD", `${outer.header("outside")}${OUTER}`], "outside"],
      [["FUNCTION", "LOAD", `${inner.header("within")}${INNER}`], "within"],
    ];
    describe(`${outer.name} calls ${inner.name}`, () => {
      server.rows("results come back as values", [
        ...load,
        [
          "FCALL values 1 k",
          [
            ["k", "a", 2, double("0.5"), boolean(false)],
            "a2",
            null,
            map("a", 1, "b", ["c"]),
            ["k", "b", 3, double("0.75"), boolean(true)],
          ],
        ],
        ["FCALL bytes 0", "0,200,255"],
        ["FCALL large 0", 700000],
        ["FCALL later 1 k", ["done", "awaited"]],
      ]);
      server.rows("what a nested call wrote is undone when it fails, and its caller's writes stay", [
        ...load,
        ["FCALL keeps 1 k", [like(/spoilt/), "outer", 1, 0]],
        ["GET k", "outer"],
        ["LRANGE list 0 -1", ["outer"]],
        ["DEL k list", 2],
        ["FCALL loses 1 k", errorLike(/^ERR .*spoilt \(spoils at within\.ts:6:\d+\) \(loses at outside\.ts:14:\d+\)/)],
        ["EXISTS k list other", 0],
      ]);
      server.rows("flags, depth and arguments are checked", [
        ...load,
        ["FCALL reads 1 k", errorLike(/Write commands are not allowed from read-only scripts/)],
        ["FCALL readOnly 1 k", errorLike(/Can not execute a script with write flag/)],
        ["FCALL deep 0 15", 16],
        ["FCALL deep 0 16", errorLike(/calls are nested 16 deep, 'deep' would be one more/)],
        ["FCALL missing 0", errorLike(/^ERR Function not found/)],
        ["FCALL wrong 0", errorLike(/^ERR inner takes 3 arguments .*, got 2/)],
        ["EXISTS k", 0],
      ]);
      server.rows("limits are those of the whole call", [
        ...load,
        ["FCALL spin 1 k", errorLike(/ran longer than procedure-time-limit/)],
        ["FCALL many 1 k", errorLike(/accessed keys more than 1000 times/)],
        ["EXISTS k k1", 0],
        ["FCALL values 1 k", anything],
      ]);
    });
  }
}
