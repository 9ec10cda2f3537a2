import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DECK, F64, I32, viewDeck } from "../../runtime/host/deck.ts";
import { libraryPath } from "./build.ts";
import { ABI, LAYOUT, loadNative } from "./ffi.ts";

test("both sides of the FFI agree on every number they share", () => {
  // loadNative compares LAYOUT with what the library says and throws where they differ.
  expect(loadNative(libraryPath()).cpus()).toBeGreaterThan(0);
  expect(LAYOUT).toContain(DECK.bytes);
  expect(LAYOUT.slice(-3)).toEqual([F64.BIG_PTR, F64.BIG_LEN, F64.VM_BYTES]);
  expect(LAYOUT.length).toBe(23);
});

test("the native source says the same numbers as the library that was built from it", () => {
  const source = readFileSync(join(import.meta.dir, "../../native/src/ffi/deck.rs"), "utf8");
  expect(source).toContain(`pub const ABI: u32 = ${ABI};`);
  for (const [name, index] of Object.entries(I32)) {
    const line = `pub const ${name}: usize = ${index};`;
    // From GATE on JavaScript writes the header's slots, and this is the only one that native code reads.
    expect(source.includes(line)).toBe(index < I32.GATE || name === "OUTCOME");
  }
});

test("a deck has room for its header of JavaScript's own", () => {
  const views = viewDeck(new ArrayBuffer(DECK.bytes));
  expect(views.i32.length).toBeGreaterThan(I32.OUTCOME);
});

test("every native symbol that TypeScript names exists once in the native source", () => {
  const folder = join(import.meta.dir, "../../native/src/ffi");
  const source = [
    "acl",
    "bridge",
    "check",
    "control",
    "functions",
    "host",
    "inner",
    "listeners",
    "log",
    "nested",
    "tls",
  ]
    .map((name) => readFileSync(join(folder, `${name}.rs`), "utf8"))
    .join("");
  const exported = [...source.matchAll(/extern "C" fn (zedis_\w+)/g)].map((match) => match[1] ?? "");
  const symbols = ["ffi", "ffi-disk", "ffi-inner", "ffi-listen", "ffi-cores", "ffi-check"]
    .map((name) => readFileSync(join(import.meta.dir, `${name}.ts`), "utf8"))
    .join("");
  const named = [...symbols.matchAll(/^ {2}(zedis_\w+): \{/gm)];
  expect([...new Set(named.map((match) => match[1] ?? ""))].sort()).toEqual(exported.sort());
  expect(existsSync(libraryPath())).toBe(true);
});
