/** Every command line and every file that docs/ shows, run against a server: what is printed is what is shown. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { REFERENCE, reference } from "../../src/config/reference.ts";
import { type Server, startServer } from "../harness/server.ts";
import { isOracle } from "../harness/target.ts";
import { isAsShown, stepsOf } from "./shown.ts";

const root = resolve(import.meta.dir, "..", "..");
const pages = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
const work = mkdtempSync(join(tmpdir(), "zedis-docs-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Programs under the names of the pages, pointed at the server. */
function programs(server: Server): string {
  const folder = join(work, "bin");
  mkdirSync(folder, { recursive: true });
  const write = (name: string, command: string): void =>
    writeFileSync(join(folder, name), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  const bun = `'${process.execPath}'`;
  const cli = `${bun} '${join(root, "src/cli/zedis-cli.ts")}'`;
  const redisCli = Bun.which("redis-cli");
  write("redis-cli", `${redisCli ?? cli} --no-raw -p ${server.port}`);
  // What reads files needs no server, and takes no options before its name.
  writeFileSync(
    join(folder, "zedis-cli"),
    `#!/bin/sh\n[ "$1" = check ] && exec ${cli} "$@"\nexec ${cli} --no-raw -p ${server.port} "$@"\n`,
    { mode: 0o755 },
  );
  write("zedis", `${bun} '${join(root, "src/cli/zedis.ts")}'`);
  return folder;
}

describe.skipIf(isOracle)("the page", () => {
  for (const page of pages) {
    const steps = stepsOf(readFileSync(join(root, "docs", page), "utf8"));
    if (steps.length === 0) continue;
    test(`${page} shows what happens`, async () => {
      const folder = join(work, page);
      mkdirSync(folder);
      const server = await startServer({ kind: "zedis", admin: true, options: { dir: folder } });
      const path = `${programs(server)}:${process.env.PATH}`;
      try {
        for (const step of steps) {
          if (step.kind === "file") {
            writeFileSync(join(folder, step.name), step.text);
            continue;
          }
          const command = step.command.replaceAll("http://127.0.0.1:6380", server.http);
          const run = Bun.spawn(["sh", "-c", `${command} 2>&1`], { cwd: folder, env: { ...process.env, PATH: path } });
          const printed = await new Response(run.stdout).text();
          if (!isAsShown(step.output, printed))
            expect(`$ ${step.command}\n${printed}`).toBe(`$ ${step.command}\n${step.output}`);
        }
      } finally {
        await server.stop();
      }
    }, 120_000);
  }
});

test("a page is taken apart, and compared with what may stand for anything", () => {
  const page = "a\n```ts file=x.ts\nlet a;\n```\n```console\n$ one\nout\n$ two\n```\n```sh\nno\n```\n";
  expect(stepsOf(page)).toEqual([
    { kind: "file", name: "x.ts", text: "let a;\n" },
    { kind: "command", command: "one", output: "out\n" },
    { kind: "command", command: "two", output: "" },
  ]);
  expect(isAsShown("a … c\n…\nend\n", "a b c\nx\ny\nend")).toBe(true);
  expect(isAsShown("a … c\n", "a b d")).toBe(false);
  expect(isAsShown("(1) + $x\n", "(1) + $x\n")).toBe(true);
});

test("docs/configuration.md is what the table of options says", () => {
  expect(readFileSync(REFERENCE, "utf8")).toBe(reference());
});
