/** What `native/build.sh` gives to the compiler, told by a cargo and a rustc that only print. */
import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const native = resolve(import.meta.dir, "../../native");
const profiles = readdirSync(join(native, "profile")).filter((name) => name.endsWith(".profdata"));
const folder = mkdtempSync(join(tmpdir(), "zedis-build-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = (name: string, lines: readonly string[]): string => {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${lines.join("\n")}\n`);
  chmodSync(path, 0o755);
  return path;
};

/** Flags that cargo gets, from a compiler which calls itself `host_release_llvm-version`. */
function flagsOf(compiler: string, environment: Record<string, string> = {}): string[] {
  const [, host = "", release = "", llvm = ""] = /^(.+)_(.+)_llvm-(.+)$/.exec(compiler) ?? [];
  const facts = [`rustc ${release}`, "binary: rustc", `host: ${host}`, `release: ${release}`, `LLVM version: ${llvm}`];
  const rustc = program(
    "rustc",
    facts.map((fact) => `echo "${fact}"`),
  );
  program("cargo", ["printenv CARGO_ENCODED_RUSTFLAGS || printenv RUSTFLAGS", "exit 0"]);
  const clean = { PATH: `${folder}:/usr/bin:/bin`, RUSTC: rustc };
  const { exitCode, stdout, stderr } = Bun.spawnSync(["sh", join(native, "build.sh")], {
    cwd: "/",
    env: { ...clean, ...environment },
  });
  expect(stderr.toString()).toBe("");
  expect(exitCode).toBe(0);
  return stdout
    .toString()
    .trimEnd()
    .split("\x1f")
    .filter((flag) => flag !== "");
}

test("a compiler that has a profile gets it, whole paths and all", () => {
  expect(profiles.length).toBeGreaterThan(0);
  for (const name of profiles) {
    const use = `-Cprofile-use=${join(native, "profile", name)}`;
    const compiler = name.replace(".profdata", "");
    expect(flagsOf(compiler)).toEqual([use]);
    expect(flagsOf(compiler, { RUSTFLAGS: "-Ctarget-cpu=native -g" })).toEqual(["-Ctarget-cpu=native", "-g", use]);
    expect(flagsOf(compiler, { CARGO_ENCODED_RUSTFLAGS: "--cfg\x1fa b" })).toEqual(["--cfg", "a b", use]);
  }
});

test("any other compiler builds without, and its flags stay as they are", () => {
  for (const name of profiles) {
    const other = name.replace(/_llvm-.*/, "_llvm-1.2.3");
    expect(flagsOf(other)).toEqual([]);
    expect(flagsOf(other, { RUSTFLAGS: "-g" })).toEqual(["-g"]);
  }
});
