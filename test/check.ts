/** `bun run check`: types, format and lint of TypeScript; format and lint of Rust. Exits non-zero if any complains. */
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..");
const NATIVE = join(ROOT, "native");
const LOADGEN = join(ROOT, "bench/loadgen");
const bin = (name: string): string => join(ROOT, "node_modules/.bin", name);
const cargo = Bun.which("cargo") ?? join(process.env.HOME ?? "/", ".cargo", "bin", "cargo");

const checks: { name: string; command: string[]; folder: string }[] = [
  { name: "types", command: [bin("tsc"), "-p", "."], folder: ROOT },
  { name: "types (console)", command: [bin("tsc"), "-p", "src/console/page"], folder: ROOT },
  { name: "format and lint", command: [bin("biome"), "check", "--error-on-warnings"], folder: ROOT },
  { name: "rustfmt", command: [cargo, "fmt", "--check"], folder: NATIVE },
  { name: "clippy", command: [cargo, "clippy", "--locked", "--all-targets", "--", "-D", "warnings"], folder: NATIVE },
  { name: "rustfmt (loadgen)", command: [cargo, "fmt", "--check"], folder: LOADGEN },
  {
    name: "clippy (loadgen)",
    command: [cargo, "clippy", "--locked", "--all-targets", "--", "-D", "warnings"],
    folder: LOADGEN,
  },
];

let bad = 0;
for (const { name, command, folder } of checks) {
  const run = Bun.spawnSync(command, { cwd: folder, stdout: "pipe", stderr: "pipe" });
  console.log(`${run.exitCode === 0 ? "ok  " : "FAIL"} ${name}`);
  if (run.exitCode === 0) continue;
  bad += 1;
  process.stdout.write(run.stdout);
  process.stderr.write(run.stderr);
}
process.exit(bad === 0 ? 0 : 1);
