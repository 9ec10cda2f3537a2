/** What zedis dev finds, in the console. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeInBrowser, SLOW_MS } from "./browser.ts";

const folder = mkdtempSync(join(tmpdir(), "zedis-console-dev-"));
const save = (text: string): void => writeFileSync(join(folder, "hello.ts"), text);
save("export function hello() {\n  return 1;\n}\n");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = ["src/cli/zedis.ts", "dev", "--procedures", folder, "--no-tests", "--no-types"];

describeInBrowser("the console of zedis dev", { program, ready: "procedures: from" }, (suite) => {
  test(
    "shows a save that is wrong with its place, and the library again once it is right",
    async () => {
      const page = await suite.open("procedures");
      await page.getByText("Watching").waitFor();
      save("export function hello() {\n  return 1 +;\n}\n");
      await page.getByText("hello.ts:2:13").waitFor();
      await page.getByText("> 2 |   return 1 +;").waitFor();
      await page.getByText("The version of hello before it goes on serving.").waitFor();
      expect(await suite.command("FCALL", "hello", 0)).toBe(1);
      save("export function helloAgain() {\n  return 2;\n}\n");
      await page.getByRole("link", { name: "helloAgain" }).waitFor();
      await page.getByText("hello.ts:2:13").waitFor({ state: "detached" });
    },
    SLOW_MS,
  );
});
