/** The pinned build is the one that the names and numbers in wasm.ts, values.ts and instance.ts are about. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { meter } from "./meter.ts";
import { EXPORTS, IMPORTS, OUT_OF_FUEL_INDEX, quickJsFile, quickJsModule } from "./wasm.ts";

const original = readFileSync(quickJsFile());

test("exports have the letters that the build's own glue gives them", () => {
  const glue = readFileSync(quickJsFile().replace(/\.wasm$/, ".browser.mjs")).toString();
  const letters = new Map<string, string>();
  for (const [, name = "", letter = ""] of glue.matchAll(/[a-z]\._(\w+)=\s*[a-z]\.(\w+|\$);/g))
    letters.set(name, letter);
  const { start, stackRestore, ...named } = EXPORTS;
  for (const [name, letter] of Object.entries(named)) expect([name, letters.get(name)]).toEqual([name, letter]);
  expect(glue).toContain(`.${start}();`);
  expect(glue).toContain(`.${stackRestore};`);
});

test("imports are those of the build, and the meter's is where it looks for it", () => {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(original));
  expect(imports.map(({ name }) => name).sort()).toEqual(Object.values(IMPORTS).toSorted());
  expect(imports.filter(({ kind }) => kind === "function")[OUT_OF_FUEL_INDEX]?.name).toBe(IMPORTS.outOfFuel);
});

test("the meter finds the loops, and the copies and fills of memory", () => {
  const { loops, bulks } = meter(original, 1000, OUT_OF_FUEL_INDEX);
  expect(loops).toBeGreaterThan(1000);
  expect(bulks).toBeGreaterThan(50);
  expect(WebAssembly.Module.exports(quickJsModule()).length).toBe(75);
});

test("the meter refuses bytes that it cannot read, and never hangs on them", () => {
  let state = 12345;
  for (let round = 0; round < 30; round++) {
    const broken = Uint8Array.from(original);
    for (let nth = 0; nth < 20; nth++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      broken[state % broken.length] = state >>> 24;
    }
    try {
      meter(broken, 1000, OUT_OF_FUEL_INDEX);
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
    }
  }
});
