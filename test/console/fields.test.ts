/** Fields of a hash that live for a while: seen, given another time, and left alone. */
import { expect, test } from "bun:test";
import { describeInBrowser, SLOW_MS } from "./browser.ts";

describeInBrowser("fields with a time to live", {}, (suite) => {
  test(
    "are shown with it, keep it when their value changes, and lose or get it where that is asked for",
    async () => {
      await suite.command("HSET", "session", "token", "abc", "name", "ann");
      await suite.command("HEXPIRE", "session", 5000, "FIELDS", 1, "token");
      const ttl = async (field: string): Promise<number> =>
        Number(((await suite.command("HTTL", "session", "FIELDS", 1, field)) as number[])[0]);
      const page = await suite.open("keys?key=tsession");
      const row = (field: string) => page.getByRole("row", { name: new RegExp(`^${field}`) });
      const dialog = page.getByRole("dialog");
      const change = async (field: string, into: Record<string, string>): Promise<void> => {
        await row(field).getByRole("button", { name: "Change" }).click();
        for (const [label, text] of Object.entries(into))
          await dialog.getByLabel(label, { exact: label === "Value" }).fill(text);
        await dialog.getByRole("button", { name: "Change", exact: true }).click();
        await dialog.waitFor({ state: "hidden" });
      };
      await row("token")
        .getByText(/^1 h 2\d min$/)
        .waitFor();
      await row("name").getByText("–").waitFor();

      await change("token", { Value: "def" });
      await row("token").getByText("def").waitFor();
      expect(await suite.command("HGET", "session", "token")).toBe("def");
      expect(await ttl("token")).toBeGreaterThan(4000);

      await change("name", { "Seconds to live": "9000" });
      await row("name")
        .getByText(/^2 h 29 min$|^2 h 30 min$/)
        .waitFor();
      expect(await ttl("name")).toBeGreaterThan(8000);

      await change("token", { "Seconds to live": "" });
      await row("token").getByText("–").waitFor();
      expect(await ttl("token")).toBe(-1);

      await page.getByRole("button", { name: "Add", exact: true }).click();
      await dialog.getByLabel("Field", { exact: true }).fill("fresh");
      await dialog.getByLabel("Seconds to live").fill("no");
      await dialog.getByRole("button", { name: "Add" }).click();
      await dialog.getByText("is no number of seconds").waitFor();
      await dialog.getByLabel("Seconds to live").fill("4000");
      await dialog.getByRole("button", { name: "Add" }).click();
      await row("fresh")
        .getByText(/^1 h \d+ min$/)
        .waitFor();
      expect(await ttl("fresh")).toBeGreaterThan(3000);
    },
    SLOW_MS,
  );
});
