/** Libraries in a browser: how sources in other languages look, and their versions. */
import { expect, test } from "bun:test";
import { violations } from "./axe.ts";
import { describeInBrowser, SLOW_MS } from "./browser.ts";

const ORDERS = `#!ts name=orders
interface Line { sku: string; quantity: number; note?: string; tags: string[] }
type Payment = { kind: "card"; last4: string } | { kind: "invoice"; days: number };
export function place(order: string, lines: Line[], payment: Payment, blob: Uint8Array): void {
  Zedis.set_json(order, { lines, payment, blob: [...blob] });
}
`;

describeInBrowser("the console's libraries", {}, (suite) => {
  test(
    "shows Lua with highlighting",
    async () => {
      const lua = "#!lua name=inlua\nredis.register_function('one', function(keys) return 'word' end)";
      await suite.command("FUNCTION", "LOAD", "REPLACE", lua);
      const page = await suite.open("procedures?library=inlua");
      await page.getByRole("tab", { name: "Source" }).click();
      await page
        .locator(".cm-line span", { hasText: /^function$/ })
        .first()
        .waitFor();
      await page
        .locator(".cm-line span", { hasText: /^'word'$/ })
        .first()
        .waitFor();
      await suite.command("FUNCTION", "DELETE", "inlua");
    },
    SLOW_MS,
  );

  test(
    "makes fields of nested types: groups, lists, variants, what may be left out, and bytes",
    async () => {
      await suite.command("FUNCTION", "LOAD", "REPLACE", ORDERS);
      const page = await suite.open("procedures?library=orders");
      await page.getByLabel("order", { exact: true }).fill("o:1");
      await page.getByRole("button", { name: "Add to lines" }).click();
      const line = page.getByRole("group", { name: "lines 1", exact: true });
      await line.getByLabel("sku", { exact: true }).fill("apple");
      await line.getByLabel("quantity", { exact: true }).fill("many");
      await line.getByRole("button", { name: "Add to tags" }).click();
      await line.getByLabel("tags 1", { exact: true }).fill("red");
      await page.getByLabel("Which kind of payment").selectOption("kind: invoice");
      await page.getByLabel("days", { exact: true }).fill("30");
      await page.getByLabel("blob", { exact: false }).first().fill("ff 00");
      await page.getByLabel("Format of blob").selectOption("hex");
      await page.getByRole("button", { name: "Dry run" }).click();
      await page.getByText(/lines.*quantity.*must be number/).waitFor();
      await line.getByLabel("quantity", { exact: true }).fill("2.5");
      await page.getByRole("button", { name: "Call", exact: true }).click();
      await page.getByText("with the way there and back").waitFor();
      const stored = JSON.parse(String(await suite.command("GET", "o:1")));
      expect(stored).toEqual({
        lines: [{ sku: "apple", quantity: 2.5, tags: ["red"] }],
        payment: { kind: "invoice", days: 30 },
        blob: [255, 0],
      });
      await page.getByRole("button", { name: "Write it as JSON: lines" }).click();
      await page.getByLabel("lines", { exact: true }).fill("[]");
      await page.getByRole("button", { name: "Fill it in field by field: lines" }).click();
      await page.getByText("no items").waitFor();
      expect(await violations(page)).toEqual([]);
      await suite.command("FUNCTION", "DELETE", "orders");
    },
    SLOW_MS,
  );

  test(
    "shows the versions of a library with what has changed, and loads an earlier one again",
    async () => {
      const source = (by: number): string => `#!ts name=aged\nexport function aged(): number {\n  return ${by};\n}\n`;
      for (const by of [1, 2]) await suite.command("FUNCTION", "LOAD", "REPLACE", source(by));
      const page = await suite.open("procedures?library=aged");
      await page.getByRole("tab", { name: "Versions" }).click();
      await page.getByRole("listitem").filter({ hasText: "Removed: return 1;" }).waitFor();
      await page.getByRole("listitem").filter({ hasText: "Added: return 2;" }).waitFor();
      await page.getByRole("button", { name: "Load again: version 1" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Load it" }).click();
      await page.getByRole("row", { name: /^3 live/ }).waitFor();
      expect(await suite.command("FCALL", "aged", 0)).toBe(1);
      await page.getByRole("listitem").filter({ hasText: "Added: return 1;" }).waitFor();
      await suite.command("FUNCTION", "DELETE", "aged");
    },
    SLOW_MS,
  );
});
