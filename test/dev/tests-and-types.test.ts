/** The tests and the type checks that a save brings. */
import { afterEach, expect, test } from "bun:test";
import { until } from "../harness/wait.ts";
import { Project } from "./project.ts";

const LIMIT_MS = 120_000;
const hello = 'export function hello() {\n  return "world";\n}\n';
const testThat = (line: string): string =>
  `import { expect, test } from "bun:test";\ntest("hello", async () => {\n  ${line}\n});\n`;

/** Waits until there is no such process; one that was ended may take its time to go. */
async function ends(pid: number): Promise<void> {
  const isThere = (): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  await until(`the end of ${pid}`, () => !isThere(), { limit_ms: 50_000 });
}

let project: Project;
afterEach(() => project.stop());

test(
  "a file's test runs when either is saved; a failure is shown with what it printed",
  async () => {
    project = await new Project({ "hello.ts": hello, "hello.test.ts": testThat("expect(1).toBe(1);") }).start(
      "--no-types",
    );
    await project.says(/hello\.test\.ts: 1 passed/);
    project.save("hello.test.ts", testThat("expect(1).toBe(2);"));
    const shown = await project.says(/hello\.test\.ts: 1 failed, 0 passed[\s\S]*?Ran 1 test/);
    expect(shown).toContain("expect(1).toBe(2);");
    project.save("hello.test.ts", testThat("expect(2).toBe(2);"));
    await project.says(/hello\.test\.ts: 1 passed/);
    project.save("hello.ts", hello.replace("world", "moon"));
    await project.says(/hello\.test\.ts: 1 passed/);
  },
  LIMIT_MS,
);

test(
  "a newer save ends a run that is about what was",
  async () => {
    project = await new Project({ "hello.ts": hello }).start("--no-types");
    const started = project.path("_started");
    project.save(
      "hello.test.ts",
      testThat(`await Bun.write(${JSON.stringify(started)}, String(process.pid)); await Bun.sleep(1e9);`),
    );
    const pid = Number(await project.fileAppears("_started"));
    project.save("hello.test.ts", testThat("expect(2).toBe(2);"));
    await project.says(/hello\.test\.ts: 1 passed/);
    await ends(pid);
    expect(project.printed).not.toContain("hello.test.ts: 0 failed");
  },
  LIMIT_MS,
);

test(
  "the end of the server ends a test run",
  async () => {
    project = await new Project({ "hello.ts": hello }).start("--no-types");
    project.save(
      "hello.test.ts",
      testThat(
        `await Bun.write(${JSON.stringify(project.path("_started"))}, String(process.pid)); await Bun.sleep(1e9);`,
      ),
    );
    const pid = Number(await project.fileAppears("_started"));
    project.server.signal("SIGTERM");
    expect(await project.server.exited).toBe(0);
    await ends(pid);
  },
  LIMIT_MS,
);

test(
  "no test of a file runs that does not load, and none at all with --no-tests",
  async () => {
    project = await new Project({ "hello.ts": "export function hello( {", "hello.test.ts": testThat("") }).start(
      "--no-types",
    );
    project.save("other.ts", hello.replace("hello", "other"));
    project.save("other.test.ts", testThat("expect(1).toBe(1);"));
    await project.says(/other\.test\.ts: 1 passed/);
    expect(project.printed).not.toMatch(/hello\.test\.ts/);
    await project.stop();
    project = await new Project({ "hello.ts": hello, "hello.test.ts": testThat("") }).start("--no-types", "--no-tests");
    project.save("hello.ts", hello.replace("world", "moon"));
    await project.serves("hello", "moon");
    expect(project.printed).not.toMatch(/hello\.test\.ts/);
  },
  LIMIT_MS,
);

test(
  "what the type checker finds is shown behind the load, and once",
  async () => {
    project = await new Project({ "hello.ts": hello }).start();
    project.save(
      "hello.ts",
      "function hello(key: string): number {\n  const n: number = Zedis.get(key);\n  return n;\n}\n",
    );
    const shown = await project.says(/hello\.ts:2:9: TS2322: [\s\S]*?\^/);
    expect(shown).toContain("> 2 |   const n: number = Zedis.get(key);");
    project.save("hello.ts", "function hello(key: string): number {\n  return Zedis.get_int(key);\n}\n");
    await project.says(/hello\.ts: types are sound/);
  },
  LIMIT_MS,
);
