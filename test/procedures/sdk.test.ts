/** The declarations of Zedis: what they say, that they are fresh, and what a compiler makes of procedures with them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TableRow } from "../../runtime/host/commands.ts";
import { declarationsOf } from "../../runtime/sdk/declarations.ts";
import { DECLARATIONS, REFERENCE } from "../../runtime/sdk/generate.ts";
import { referenceOf } from "../../runtime/sdk/reference.ts";
import { parseSynopsis } from "../../runtime/sdk/synopsis.ts";
import { libraryPath } from "../../src/core/build.ts";
import { loadNative } from "../../src/core/ffi.ts";
import { TABLE } from "./table.ts";

const root = join(import.meta.dir, "../..");
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zedis-sdk-"));
  await Bun.write(join(folder, "zedis.d.ts"), declarationsOf(TABLE));
});
afterAll(() => rm(folder, { recursive: true }));

/** What the compiler has against a procedure: messages without their places. */
async function complaints(source: string, declarations = join(folder, "zedis.d.ts")): Promise<string[]> {
  const file = join(folder, `case-${Bun.hash(source)}.ts`);
  await Bun.write(file, `${source}\nexport {};\n`);
  const tsc = join(root, "node_modules/.bin/tsc");
  const options = "--noEmit --strict --target esnext --lib esnext --noUncheckedIndexedAccess".split(" ");
  const run = Bun.spawnSync([process.execPath, tsc, ...options, "--types", "", declarations, file], {
    cwd: folder,
  });
  return run.stdout
    .toString()
    .split("\n")
    .filter((line) => line.includes("error TS"))
    .map((line) => line.replace(/^.*error TS\d+: /, ""));
}

test("the inventory procedure checks as it is", async () => {
  expect(
    await complaints(`function updateInventory(productId: string, amount: number) {
  const stock = Zedis.get_int(productId);
  if (stock >= amount) {
    Zedis.set(productId, stock - amount);
    return { success: true };
  }
  return { error: "Out of stock" };
}`),
  ).toEqual([]);
});

test("right calls check, with the types of their replies", async () => {
  expect(
    await complaints(`
const a: string | null = Zedis.get("k");
const b: number = Zedis.incrby("k", 5) + Zedis.hset("h", "f", 1, "g", "x") + Zedis.hset("h", { f: 1, g: "x" });
const c: Record<string, string> = Zedis.hgetall("h");
const d: Uint8Array | null = Zedis.bytes.hget("h", "f");
const e: { n: number } | null = Zedis.get_json<{ n: number }>("j");
const f: number | null = Zedis.get_int("k", null);
const g: (string | null)[] = Zedis.mget("a", ["b", "c"]);
Zedis.set("k", 12n, "EX", 10, "NX"); Zedis.set("k", new Uint8Array(2), "KEEPTTL"); Zedis.set_json("k", { a: 1 }, "PX", 5);
Zedis.expire("k", 10, "GT"); Zedis.del(["a", "b"], "c"); Zedis.mset({ a: 1, b: "c" }); Zedis.object_encoding("k"); Zedis.now();`),
  ).toEqual([]);
});

test.each([
  ["Zedis.get()", /Expected 1 arguments/],
  ["Zedis.get({})", /not assignable to parameter of type 'ZedisKey'/],
  ["Zedis.incrby('k', 'five')", /not assignable to parameter of type 'ZedisInteger'/],
  ["Zedis.set('k', 'v', 'EY', 5)", /not assignable to parameter/],
  ["Zedis.set('k', null)", /not assignable/],
  ["Zedis.expire('k', 5, 'XY')", /not assignable/],
  ["const n: number = Zedis.get('k')", /not assignable to type 'number'/],
  ["Zedis.get('k').length", /possibly 'null'/],
  ["Zedis.multi()", /does not exist/],
  ["Zedis.blpop('k', 1)", /does not exist/],
  ["Zedis.config_get('*')", /does not exist/],
])("%s is a mistake that the compiler sees", async (call, message) => {
  const found = await complaints(call);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(message);
});

describe("a synopsis", () => {
  test("is read as a tree", () => {
    expect(parseSynopsis("key [NX | XX] [EX seconds]")).toEqual([
      { kind: "placeholder", name: "key" },
      { kind: "optional", repeats: false, choices: [[{ kind: "word", text: "NX" }], [{ kind: "word", text: "XX" }]] },
      {
        kind: "optional",
        repeats: false,
        choices: [
          [
            { kind: "word", text: "EX" },
            { kind: "placeholder", name: "seconds" },
          ],
        ],
      },
    ]);
    expect(parseSynopsis("key [key ...]")[1]).toMatchObject({ kind: "optional", repeats: true });
  });

  test("whose brackets do not match is an error", () => {
    expect(() => parseSynopsis("key [NX | XX")).toThrow("']' is missing");
    expect(() => parseSynopsis("key ]")).toThrow("closes nothing");
  });
});

const library = libraryPath();
const table: readonly TableRow[] = existsSync(library) ? loadNative(library).table() : [];

// Skipped where no library is built, so that there is no table to compare with; `bun run test` builds it first.
test.skipIf(table.length === 0)(
  "the declarations and the reference in the repository are those of the command table",
  async () => {
    for (const [file, fresh] of [
      [DECLARATIONS, declarationsOf(table)],
      [REFERENCE, referenceOf(table)],
    ] as const) {
      if ((await Bun.file(file).text()) !== fresh) {
        throw new Error(`${file} is stale: run \`bun runtime/sdk/generate.ts\` and commit it`);
      }
    }
  },
);

test("the declarations in the repository are such as a compiler takes, without leaving libraries out", async () => {
  expect(
    await complaints(
      `Zedis.argrep("a", 0, 9, "EXACT", "x", "LIMIT", 3); Zedis.xread("COUNT", 5, "STREAMS", "s", "0");
Zedis.xgroup_create("s", "g", "$", "MKSTREAM"); const left: number[] | [number, string][] = Zedis.argrep("a", 0, 9, "RE", "x");`,
      DECLARATIONS,
    ),
  ).toEqual([]);
});
