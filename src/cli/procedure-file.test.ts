import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withProcedureFile } from "./procedure-file.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "zedis-procedures-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function lastWordOf(name: string, content: string, ...before: string[]): Promise<string | undefined> {
  const path = join(folder, name);
  writeFileSync(path, content);
  const words = await withProcedureFile([...(before.length === 0 ? ["FUNCTION", "LOAD"] : before), path]);
  return "error" in words ? words.error : words.at(-1);
}

test("a file without a header gets one from its name and extension", async () => {
  expect(await lastWordOf("update-stock.ts", "let a;\n")).toBe("#!ts name=update_stock line=0\nlet a;\n");
  expect(await lastWordOf("x.js", "1\n", "function", "load", "replace")).toBe("#!js name=x line=0\n1\n");
  expect(await lastWordOf("x.lua", "1\n")).toBe("#!lua name=x\n1\n");
  expect(await lastWordOf("bom.ts", "\ufefflet a;\n")).toBe("#!ts name=bom line=0\nlet a;\n");
});

test("a file with a header is sent as it is, in its own bytes", async () => {
  expect(await lastWordOf("y.ts", "#!ts name=other\n// ä\n")).toBe("#!ts name=other\n// \xc3\xa4\n");
});

test("other commands and code that is given in place stay as they are", async () => {
  const rows = [
    ["GET", "x.ts"],
    ["FUNCTION", "LOAD", "#!ts name=a\nfunction f() {} // x.ts"],
    ["FUNCTION", "DELETE", "x.ts"],
    ["FUNCTION", "LOAD", "plain"],
    ["FUNCTION", "LOAD", "REPLACE", "extra", "x.ts"],
  ];
  for (const words of rows) expect(await withProcedureFile(words)).toEqual(words);
});

test("a missing file is named with the reason", async () => {
  expect(await withProcedureFile(["FUNCTION", "LOAD", "./nosuch.ts"])).toEqual({
    error: "Could not read ./nosuch.ts: No such file or directory",
  });
});
