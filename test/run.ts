/**
 * `bun run test`: cargo tests, the native build, then every bun:test, file by file groups; prints what failed once more,
 * and `N passed, N failed`.
 * Words after it are passed to `bun test`: `bun run test test/commands` runs some of it, without cargo.
 */
import { join, resolve } from "node:path";
import { build } from "../src/core/build.ts";

const ROOT = resolve(import.meta.dir, "..");

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

async function run(command: string[], cwd: string, read: (line: string, count: Count) => void): Promise<Count> {
  const count: Count = { passed: 0, failed: 0, skipped: 0 };
  const child = Bun.spawn(command, { cwd, stdout: "pipe", stderr: "pipe" });
  const follow = async (stream: ReadableStream<Uint8Array>, out: NodeJS.WriteStream): Promise<void> => {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      out.write(chunk);
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) read(line, count);
    }
    read(rest, count);
  };
  await Promise.all([follow(child.stdout, process.stdout), follow(child.stderr, process.stderr)]);
  const code = await child.exited;
  // A runner that died without saying so must not look like one that passed.
  if (code !== 0 && count.failed === 0) count.failed = 1;
  return count;
}

function readCargo(line: string, count: Count): void {
  const result = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/.exec(line);
  if (result === null) return;
  count.passed += Number(result[1]);
  count.failed += Number(result[2]);
  count.skipped += Number(result[3]);
}

/** What each failed test printed, its end at most: the whole output of thousands of tests is long. */
const failures: string[][] = [];
const FAILURE_LINES_MAX = 60;
let printed: string[] = [];
let inSummary = false;

function readBun(line: string, count: Count): void {
  printed.push(line);
  if (/^\d+ tests? failed:/.test(line)) inSummary = true;
  if (!inSummary && /^\((?:fail|pass|skip|todo)\)/.test(line)) {
    if (line.startsWith("(fail)")) failures.push(printed.slice(-FAILURE_LINES_MAX));
    printed = [];
  }
  const result = /^\s*(\d+) (pass|fail|skip)$/.exec(line);
  if (result === null) return;
  const key = ({ pass: "passed", fail: "failed", skip: "skipped" } as const)[result[2] as "pass" | "fail" | "skip"];
  count[key] += Number(result[1]);
}

const words = process.argv.slice(2);
if (!build((line) => console.error(line))) process.exit(1);
const cargo = Bun.which("cargo") ?? join(process.env.HOME ?? "/", ".cargo", "bin", "cargo");
const counts: Count[] = [];
if (words.length === 0) {
  counts.push(await run([cargo, "test", "--locked", "--lib"], join(ROOT, "native"), readCargo));
  counts.push(await run([cargo, "test", "--locked"], join(ROOT, "bench/loadgen"), readCargo));
}
// How long a test may take says nothing but that it hangs; a slow machine may take many times what another does.
counts.push(await run([process.execPath, "test", "--timeout", "60000", ...words], ROOT, readBun));
const sum = (of: keyof Count): number => counts.reduce((total, count) => total + count[of], 0);
for (const failure of failures) console.log(`\n${failure.join("\n")}`);
const skipped = sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : "";
console.log(`${sum("passed")} passed, ${sum("failed")} failed${skipped}`);
process.exit(sum("failed") === 0 && sum("passed") > 0 ? 0 : 1);
