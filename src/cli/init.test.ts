/** A new project: what `zedis init` makes passes its own test and type check, and nothing is written over. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dir, "../..");
const home = mkdtempSync(join(tmpdir(), "zedis-init-"));
const project = join(home, "My Shop");

const run = (cwd: string, ...command: string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, ...command], { cwd });
  return { exitCode, output: `${stdout}${stderr}` };
};
const init = (cwd: string, ...args: string[]) => run(cwd, join(root, "src/cli/zedis.ts"), "init", ...args);

let made: ReturnType<typeof init>;
beforeAll(() => {
  made = init(home, "My Shop");
  // As `bun install` does, without a registry.
  for (const name of ["typescript", "@types", "bun-types", "@typescript"]) link(join(root, "node_modules", name), name);
  link(root, "zedis");
}, 60_000);
afterAll(() => rmSync(home, { recursive: true }));

function link(target: string, name: string): void {
  mkdirSync(join(project, "node_modules"), { recursive: true });
  if (existsSync(target)) symlinkSync(target, join(project, "node_modules", name));
}

test("a project is made, and the next steps are told", () => {
  expect(made.output).toContain("  cd My Shop\n  bun install\n  bun run dev");
  expect(made.exitCode).toBe(0);
  const { name, devDependencies } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  expect(name).toBe("my-shop");
  expect(devDependencies.zedis).toBe(`link:${root}`);
});

test("its test passes", () => {
  const { exitCode, output } = run(project, "test");
  expect(output).toContain(" 2 pass");
  expect(exitCode).toBe(0);
}, 120_000);

test("its type check passes, and finds what is wrong", () => {
  const check = () => run(project, join("node_modules", "typescript", "bin", "tsc"), "--noEmit");
  expect(check()).toEqual({ exitCode: 0, output: "" });
  writeFileSync(
    join(project, "procedures/wrong.ts"),
    "export function wrong(key: string): number {\n  return Zedis.get(key);\n}\n",
  );
  expect(check().output).toContain("procedures/wrong.ts(2,3): error TS2322");
}, 120_000);

test("nothing is written over, and nothing else is written then", () => {
  const taken = join(home, "taken");
  mkdirSync(taken);
  writeFileSync(join(taken, "README.md"), "mine\n");
  const { exitCode, output } = init(taken);
  expect(output).toContain(`README.md in ${taken} would be written over; nothing was written.`);
  expect(exitCode).toBe(1);
  expect(existsSync(join(taken, "package.json"))).toBe(false);
  expect(readFileSync(join(taken, "README.md"), "utf8")).toBe("mine\n");
}, 60_000);

test("a folder that cannot be made is told", () => {
  writeFileSync(join(home, "file"), "");
  expect(init(home, "file/below").output).toContain("Not a directory");
  expect(init(home, "--what").output).toContain("Usage: zedis init");
}, 60_000);
