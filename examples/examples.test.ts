/** Every example, run as a user runs it, prints what its expected.txt says. */

import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const examples = readdirSync(import.meta.dir, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

test("examples are numbered without a gap and each has what a reader looks for", () => {
  expect(examples.length).toBeGreaterThanOrEqual(5);
  for (const [nth, name] of examples.entries()) {
    expect(name).toStartWith(`${String(nth + 1).padStart(2, "0")}-`);
    for (const file of ["README.md", "main.ts", "expected.txt"]) {
      expect(existsSync(join(import.meta.dir, name, file)), `${name}/${file}`).toBe(true);
    }
  }
});

for (const name of examples) {
  test(`${name} prints what its expected.txt says`, async () => {
    const main = join(import.meta.dir, name, "main.ts");
    const program = Bun.spawn([process.execPath, main], {
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, NO_COLOR: "1" },
    });
    const [printed, complaints] = await Promise.all([
      new Response(program.stdout).text(),
      new Response(program.stderr).text(),
    ]);
    const exitCode = await program.exited;
    expect(exitCode, complaints).toBe(0);
    expect(printed).toBe(readFileSync(join(import.meta.dir, name, "expected.txt"), "utf8"));
  }, 120_000);
}
