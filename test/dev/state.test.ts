/** What the loop keeps for who wants to show it: the state of each file and test, and who is told of a change. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ErrorReply } from "../../src/core/reply.ts";
import { DevLoop } from "../../src/dev/loop.ts";
import { until } from "../harness/wait.ts";

const folder = mkdtempSync(join(tmpdir(), "zedis-state-"));
let loop: DevLoop;
afterEach(async () => {
  await loop.stop();
  rmSync(folder, { recursive: true });
});

test("a file that loads, one that does not, and a test are each told with what there is to say", async () => {
  const save = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  save("good.ts", "export function good() {}\n");
  save("bad.ts", "export function bad( {\n");
  save("good.test.ts", 'import { expect, test } from "bun:test";\ntest("a", () => expect(1).toBe(1));\n');
  const loaded: { name: string; source: string }[] = [];
  loop = new DevLoop(
    { folder, tests: true, types: false },
    {
      request: async (argv) => {
        const source = Buffer.from(argv.at(-1) ?? "").toString();
        const name = /name=(\w+)/.exec(source)?.[1] ?? "";
        if (name === "bad") return new ErrorReply("ERR Error compiling function: no (bad.ts:1:22)");
        loaded.push({ name, source });
        return name;
      },
      libraries: () => loaded,
      declarations: () => "// Generated from the command table\n",
      log: () => {},
    },
  );
  let told = 0;
  const forget = loop.state.onChange(() => {
    told += 1;
  });
  await loop.begin();
  const [bad, good, ...none] = loop.state.files();
  expect(none).toEqual([]);
  expect(good).toMatchObject({ path: "good.ts", library: "good", problem: null, types: null });
  expect(bad).toMatchObject({
    path: "bad.ts",
    library: null,
    problem: { message: "Error compiling function: no", line: 1, column: 22 },
  });
  expect(bad?.problem?.frame).toContain("> 1 | export function bad( {");
  await until("the test", () => loop.state.tests()[0]?.status === "passed", { limit_ms: 60_000 });
  expect(loop.state.tests()).toMatchObject([{ path: "good.test.ts", passed: 1, failed: 0 }]);
  expect(told).toBeGreaterThanOrEqual(4);
  forget();
  const before = told;
  rmSync(join(folder, "bad.ts"));
  await until("the file to go", () => loop.state.files().length === 1, { limit_ms: 60_000 });
  expect(told).toBe(before);
}, 120_000);
