/** How the console looks and how it is used without a mouse or without sight: axe, widths, keys. */
import { beforeAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { violations } from "./axe.ts";
import { describeInBrowser, SLOW_MS } from "./browser.ts";

/** A view, and a text of it that is there once it has what it shows. */
const VIEWS: readonly (readonly [view: string, isThere: string])[] = [
  ["overview", "Databases"],
  ["keys", "No key chosen"],
  ["keys?key=tuser:1", "ada@example.org"],
  ["keys?key=tdoc", "As it is"],
  ["procedures?library=stock", "It reads"],
  ["procedures?load=", "Replace a library of the same name"],
  ["commands", "Nothing run yet"],
  ["slow-log", "Requests that took longer than"],
  ["clients", "read every two seconds"],
  ["pubsub", "Not listening"],
  ["configuration", "maxmemory-policy"],
];

const TYPES = ["string", "hash", "list", "set", "zset", "stream", "array", "vectorset"];

const LIBRARY = `#!ts name=stock
/** Takes \`amount\` from the stock of \`sku\`. */
export function take(sku: string, amount: number): number {
  return Zedis.hincrby(sku, "available", -amount);
}
`;

/** In whatever state it is in, at either width. */
async function violationsAt(page: Page, state: string): Promise<string[]> {
  const found: string[] = [];
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    for (const fault of await violations(page)) found.push(`${state}, ${width}: ${fault}`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  return found;
}

async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env.ZEDIS_SHOTS;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name.replace(/\W+/g, "-")}.png`) });
}

describeInBrowser("the console's look", {}, (suite) => {
  beforeAll(async () => {
    await suite.command("FUNCTION", "LOAD", LIBRARY);
    await suite.command("HSET", "user:1", "name", "Ada", "mail", "ada@example.org");
    await suite.command("SET", "doc", '{"a":[1,2]}');
    await suite.command("HSET", "sku", "available", 7);
    await suite.command("SET", "a:string", "\u0000 binary \u00ff");
    await suite.command("HSET", "a:hash", "field", "value");
    await suite.command("RPUSH", "a:list", "one", "two");
    await suite.command("SADD", "a:set", "member");
    await suite.command("ZADD", "a:zset", 1.5, "member");
    await suite.command("XADD", "a:stream", "*", "field", "value");
    await suite.command("XGROUP", "CREATE", "a:stream", "workers", "0");
    await suite.command("ARSET", "a:array", "0", "first");
    await suite.command("VADD", "a:vectorset", "VALUES", "2", "1", "2", "element");
  }, SLOW_MS);

  const settle = async (page: Page, view: string, isThere: string): Promise<void> => {
    if (view.startsWith("procedures?library")) {
      await page.getByLabel("sku", { exact: true }).fill("sku");
      await page.getByLabel("amount", { exact: true }).fill("1");
      await page.getByRole("button", { name: "Dry run" }).click();
    }
    await page.getByText(isThere).first().waitFor();
  };

  for (const theme of ["light", "dark"] as const) {
    test(
      `has nothing that axe finds in any view, ${theme}`,
      async () => {
        const found: string[] = [];
        const page = await suite.open("overview", { theme });
        for (const [view, isThere] of VIEWS) {
          await page.goto(`${suite.server.http}/#/${view}`);
          await settle(page, view, isThere);
          found.push(...(await violationsAt(page, view)));
          await keepPicture(page, `${view} desktop ${theme}`);
        }
        for (const type of TYPES) {
          await page.goto(`${suite.server.http}/#/keys?key=ta:${type}`);
          await page.locator(".key-facts").getByText(type, { exact: true }).first().waitFor();
          found.push(...(await violationsAt(page, `a key of type ${type}`)));
        }
        for (const tab of ["Source", "Versions", "Log"]) {
          await page.goto(`${suite.server.http}/#/procedures?library=stock`);
          await page.getByRole("tab", { name: tab }).click();
          await page.getByRole("tabpanel").waitFor();
          found.push(...(await violationsAt(page, `procedures, ${tab}`)));
        }
        await page.goto(`${suite.server.http}/#/keys?new=1`);
        await page.getByRole("dialog").waitFor();
        found.push(...(await violationsAt(page, "a dialog")));
        await page.keyboard.press("Escape");
        await page.getByRole("dialog").waitFor({ state: "detached" });
        await page.keyboard.press("Control+k");
        await page.getByRole("combobox", { name: "Where to go, or a key" }).waitFor();
        found.push(...(await violationsAt(page, "the palette")));
        expect(found).toEqual([]);
      },
      SLOW_MS,
    );

    test(
      `is nowhere wider than a phone of 360 points, ${theme}`,
      async () => {
        const page = await suite.open("overview", { theme, width: 360, height: 740 });
        const wide: string[] = [];
        for (const [view, isThere] of VIEWS) {
          await page.goto(`${suite.server.http}/#/${view}`);
          // On a phone the list of keys and the key are one after the other.
          if (view === "keys") await page.getByRole("listbox", { name: "Keys" }).waitFor();
          else await settle(page, view, isThere);
          const width = Number(await page.evaluate("document.documentElement.scrollWidth"));
          if (width > 360) wide.push(`${view}: ${width}`);
          await keepPicture(page, `${view} phone ${theme}`);
        }
        expect(wide).toEqual([]);
        await page.getByRole("button", { name: "Menu" }).click();
        await page.getByRole("link", { name: "Clients" }).click();
        await page.getByRole("heading", { name: "Clients" }).waitFor();
        await page.getByRole("link", { name: "Overview" }).waitFor({ state: "hidden" });
      },
      SLOW_MS,
    );
  }

  test(
    "goes to views and keys by its palette, and gives the focus to what it opened",
    async () => {
      const page = await suite.open("overview");
      await page.getByText("Databases").first().waitFor();
      const palette = page.getByRole("combobox", { name: "Where to go, or a key" });
      await page.keyboard.press("Control+k");
      await palette.fill("config");
      await page.getByRole("option", { name: "Configuration" }).waitFor();
      await palette.press("Enter");
      await page.getByRole("heading", { name: "Configuration" }).and(page.locator(":focus")).waitFor();
      await page.keyboard.press("Control+k");
      await palette.fill("user:1");
      await page.getByRole("option", { name: "Open the key user:1" }).waitFor();
      await palette.press("Enter");
      await page.getByText("ada@example.org").waitFor();
    },
    SLOW_MS,
  );

  test(
    "has a link over the menu to the content as the first stop of the Tab key",
    async () => {
      const page = await suite.open("overview");
      await page.getByText("Databases").first().waitFor();
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
      await page.keyboard.press("Enter");
      expect(await page.evaluate("document.activeElement.id")).toBe("main");
    },
    SLOW_MS,
  );

  test(
    "keeps a theme that was chosen",
    async () => {
      const page = await suite.open("overview", { theme: "light" });
      await page.getByRole("button", { name: /Theme: as the system/ }).click();
      await page.getByRole("button", { name: /Theme: light/ }).click();
      await page.getByRole("button", { name: /Theme: dark/ }).waitFor();
      await page.reload();
      await page.getByRole("button", { name: /Theme: dark/ }).waitFor();
      expect(await page.evaluate("getComputedStyle(document.documentElement).colorScheme")).toBe("dark");
    },
    SLOW_MS,
  );

  test(
    "says that the server is not reached, and goes on when it is again",
    async () => {
      const page = await suite.open("overview");
      await page.getByText("Databases").first().waitFor();
      await page.route("**/v1/**", (route) => route.abort());
      await page.getByText("The server does not answer.").first().waitFor();
      await page.unroute("**/v1/**");
      await page.getByText("The server does not answer.").first().waitFor({ state: "detached" });
    },
    SLOW_MS,
  );
});
