import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PidFile } from "./pid-file.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "zedis-pid-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a pid file holds this process's number while it serves", () => {
  const path = join(folder, "a.pid");
  const file = new PidFile(path);
  expect(file.write()).toBeNull();
  expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
  file.remove();
  expect(existsSync(path)).toBe(false);
});

test("the pid file of a server that came later stays", () => {
  const path = join(folder, "b.pid");
  const file = new PidFile(path);
  file.write();
  writeFileSync(path, "1\n");
  file.remove();
  expect(readFileSync(path, "utf8")).toBe("1\n");
});

test("a pid file that cannot be written is a line for the log", () => {
  expect(new PidFile(join(folder, "none", "c.pid")).write()).toStartWith("Failed to write PID file: ");
  expect(new PidFile("").write()).toBeNull();
});
