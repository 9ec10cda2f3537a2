/** Each view's main job, done in a browser as a person does it. */
import { beforeAll, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { describeInBrowser, SLOW_MS } from "./browser.ts";

const LIBRARY = `#!ts name=stock
/** Takes \`amount\` from the stock of \`sku\`. */
export function take(sku: string, amount: number, how: "fast" | "slow" = "fast"): number {
  Zedis.log("taking", amount);
  const left = Zedis.hincrby(sku, "available", -amount);
  if (left < 0) throw new Error("out of stock");
  return left;
}
`;

const text = (page: Page, wanted: string | RegExp) => page.getByText(wanted).first().waitFor();
const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name, exact: true });

describeInBrowser("the console", {}, (suite) => {
  beforeAll(async () => {
    await suite.command("FUNCTION", "LOAD", "REPLACE", LIBRARY);
    await suite.command("SET", "plain", "hello");
    await suite.command("SET", "doc", '{"name":"Ada","big":12345678901234567890}');
    await suite.command("SET", { base64: "/wABYmlu" }, { base64: "/wABYmlu" });
    await suite.command("HSET", "hash", "field", "value");
    await suite.command("RPUSH", "list", "first", "second", "first");
    await suite.command("SADD", "set", "red", "green");
    await suite.command("ZADD", "zset", 2, "two", 1, "one");
    await suite.command("XADD", "stream", "*", "kind", "login");
    await suite.command("ARSET", "array", 0, "zero");
    await suite.command("VADD", "vectorset", "VALUES", 2, 0.5, 1, "element");
    await suite.command("HSET", "sku:1", "available", 7);
  }, SLOW_MS);

  test(
    "shows the server's figures as charts that go on, and stops where it is paused",
    async () => {
      const page = await suite.open("overview");
      await page.getByRole("img", { name: /Chart of keys.*All: \d+ now/ }).waitFor();
      await page.getByRole("img", { name: /Chart of commands per second.*now, from/ }).waitFor();
      await page.getByRole("row", { name: /FUNCTION LOAD/ }).waitFor();
      expect(await page.locator(".chart canvas").count()).toBe(8);
      await page.getByRole("img", { name: /Chart of cores: time that is busy.*Core 1: [\d.]+ % now/ }).waitFor();
      await page.getByRole("row", { name: /^1 [\d.]+ % \d+/ }).waitFor();
      await button(page, "Pause").click();
      await button(page, "Go on").waitFor();
    },
    SLOW_MS,
  );

  test(
    "makes, changes, renames, lets expire and deletes a key",
    async () => {
      const page = await suite.open("keys");
      await button(page, "New key").click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Key", { exact: true }).fill("made:1");
      await dialog.getByLabel("Value", { exact: true }).fill("one");
      await dialog.getByRole("button", { name: "Create" }).click();
      await page.getByRole("heading", { name: "made:1" }).waitFor();
      expect(await suite.command("GET", "made:1")).toBe("one");

      await page.getByLabel("Value", { exact: true }).fill("two");
      await button(page, "Save").click();
      await text(page, "Saved");
      expect(await suite.command("GET", "made:1")).toBe("two");

      await button(page, "Change").click();
      await dialog.getByLabel("Seconds from now").fill("1000");
      await dialog.getByRole("button", { name: "Set" }).click();
      await text(page, /in 16 min/);
      expect(Number(await suite.command("TTL", "made:1"))).toBeGreaterThan(900);

      await button(page, "Rename").click();
      await dialog.getByLabel("New name", { exact: true }).fill("plain");
      await dialog.getByRole("button", { name: "Rename" }).click();
      await text(page, "There is a key of that name already.");
      await dialog.getByLabel("New name", { exact: true }).fill("made:2");
      await dialog.getByRole("button", { name: "Rename" }).click();
      await page.getByRole("heading", { name: "made:2" }).waitFor();

      await button(page, "Delete").click();
      await dialog.getByRole("button", { name: "Delete" }).click();
      await text(page, "No key chosen");
      expect(await suite.command("EXISTS", "made:1", "made:2")).toBe(0);
    },
    SLOW_MS,
  );

  test(
    "narrows the keys by pattern and type, and goes through them by the keyboard",
    async () => {
      const page = await suite.open("keys");
      const list = page.getByRole("listbox", { name: "Keys" });
      await list.getByRole("option", { name: /^hash/ }).waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type("oc");
      await page.getByText("1 found", { exact: true }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "doc" }).waitFor();
      // Numbers keep their digits.
      await page.getByLabel("Value", { exact: true }).waitFor();
      expect(await page.getByLabel("Value", { exact: true }).inputValue()).toContain(
        '\n  "big": 12345678901234567890\n',
      );
      await page.getByLabel("Pattern").fill("");
      await page.getByLabel("Type", { exact: true }).selectOption("zset");
      await page.getByText("1 found", { exact: true }).waitFor();
      await list.getByRole("option", { name: /^zset/ }).waitFor();
    },
    SLOW_MS,
  );

  const collections = [
    { key: "hash", shown: "value", cells: { Field: "second", Value: "2" }, read: ["HGET", "hash", "second"], is: "2" },
    { key: "list", shown: "second", cells: { Value: "third" }, read: ["LINDEX", "list", -1], is: "third" },
    { key: "set", shown: "green", cells: { Member: "blue" }, read: ["SISMEMBER", "set", "blue"], is: 1 },
    { key: "zset", shown: "two", cells: { Member: "three", Score: "3" }, read: ["ZRANK", "zset", "three"], is: 2 },
    { key: "stream", shown: "kind = login", cells: { Fields: "kind = logout" }, read: ["XLEN", "stream"], is: 2 },
    { key: "array", shown: "zero", cells: { Index: "70", Value: "far" }, read: ["ARGET", "array", 70], is: "far" },
    {
      key: "vectorset",
      shown: "element",
      cells: { Element: "near", Vector: "1 1" },
      read: ["VCARD", "vectorset"],
      is: 2,
    },
  ] as const;
  for (const { key, shown, cells, read, is } of collections) {
    test(
      `shows elements, adds one and removes it: ${key}`,
      async () => {
        const page = await suite.open(`keys?key=t${key}`);
        await page.getByRole("cell", { name: shown }).first().waitFor();
        await button(page, "Add").click();
        const dialog = page.getByRole("dialog");
        for (const [label, value] of Object.entries(cells)) await dialog.getByLabel(label, { exact: true }).fill(value);
        await dialog.getByRole("button", { name: "Add" }).click();
        const row = page.getByRole("row", { name: Object.values(cells)[0] ?? "" });
        await row.waitFor();
        expect(await suite.command(...read)).toBe(is);
        await row.getByRole("button", { name: "Remove" }).click();
        await dialog.getByRole("button", { name: "Remove" }).click();
        await row.waitFor({ state: "detached" });
        expect(await suite.command(...read)).not.toBe(is);
      },
      SLOW_MS,
    );
  }

  test(
    "changes one of two equal elements of a list, and not where the list has moved on",
    async () => {
      const page = await suite.open("keys?key=tlist");
      await page
        .getByRole("row", { name: /^2 first/ })
        .getByRole("button", { name: "Change" })
        .click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Value", { exact: true }).fill("last");
      await dialog.getByRole("button", { name: "Change" }).click();
      await page.getByRole("cell", { name: "last" }).waitFor();
      expect(await suite.command("LRANGE", "list", 0, -1)).toEqual(["first", "second", "last"]);
      await suite.command("LPUSH", "list", "new");
      await page
        .getByRole("row", { name: /^0 first/ })
        .getByRole("button", { name: "Remove" })
        .click();
      await dialog.getByRole("button", { name: "Remove" }).click();
      await text(page, /the list has changed since it was read/);
      expect(await suite.command("LLEN", "list")).toBe(4);
    },
    SLOW_MS,
  );

  test(
    "shows bytes that are no text as hex, and hostile names as the text that they are",
    async () => {
      const hostile = '<img src=x onerror="document.title=`owned`">\u202e';
      await suite.command("HSET", hostile, hostile, hostile);
      const page = await suite.open("keys?key=b%2FwABYmlu");
      expect(await page.getByLabel("Value", { exact: true }).inputValue()).toBe("ff 00 01 62 69 6e");
      await page.getByLabel("Value", { exact: true }).fill("ff 00 02");
      await button(page, "Save").click();
      await text(page, "Saved");
      expect(await suite.command("GET", { base64: "/wABYmlu" })).toEqual({ base64: "/wAC" });
      await page.getByLabel("Pattern").fill("onerror");
      await page.getByRole("option", { name: /onerror/ }).click();
      await page
        .getByRole("cell", { name: /onerror.*\\u202e/ })
        .first()
        .waitFor();
      expect(await page.locator("main img:not([role])").count()).toBe(0);
      expect(await page.title()).not.toContain("owned");
      await suite.command("DEL", hostile);
    },
    SLOW_MS,
  );

  test(
    "dry-runs a procedure as a diff that changes nothing, and calls it",
    async () => {
      const page = await suite.open("procedures?library=stock");
      await page.getByLabel("sku", { exact: true }).fill("sku:1");
      await button(page, "Dry run").click();
      await text(page, "amount is a number.");
      await page.getByLabel("amount", { exact: true }).fill("2");
      await page.getByLabel(/^how/).selectOption("slow");
      await button(page, "Dry run").click();
      await page.getByRole("listitem").filter({ hasText: "Removed: available = 7" }).waitFor();
      await page.getByRole("listitem").filter({ hasText: "Added: available = 5" }).waitFor();
      expect(await suite.command("HGET", "sku:1", "available")).toBe("7");
      await button(page, "Call").click();
      await text(page, "with the way there and back");
      await text(page, "(integer) 5");
      expect(await suite.command("HGET", "sku:1", "available")).toBe("5");
      await page.getByLabel("amount", { exact: true }).fill("50");
      await button(page, "Dry run").click();
      await text(page, "It would fail, and change nothing");
      await text(page, /out of stock/);
      await page.getByRole("tab", { name: "Log" }).click();
      await page.getByRole("cell", { name: "taking 2" }).first().waitFor();
    },
    SLOW_MS,
  );

  test(
    "shows a library's source with highlighting, and loads another one; an error is shown where it is",
    async () => {
      const page = await suite.open("procedures?library=stock");
      await page.getByRole("tab", { name: "Source" }).click();
      await page.locator(".cm-line span", { hasText: "export" }).first().waitFor();
      await button(page, "Load a source").click();
      const replace = async (source: string): Promise<void> => {
        await page.getByRole("textbox", { name: "Source", exact: true }).click();
        await page.keyboard.press("Control+a");
        await page.keyboard.press("Delete");
        await page.keyboard.insertText(source);
      };
      await replace("#!ts name=fresh\nexport function fresh(a: number) {\n  return a +;\n}\n");
      await button(page, "Load").click();
      await text(page, /Expression expected/);
      await text(page, /> 3 \| {3}return a \+;/);
      await page.locator(".cm-lint-marker-error").first().waitFor();
      await replace("#!ts name=fresh\nexport function fresh(a: number) {\n  return a + 1;\n}\n");
      await button(page, "Load").click();
      await page.getByRole("heading", { name: /fresh/ }).first().waitFor();
      expect(await suite.command("FCALL", "fresh", 0, 1)).toBe(2);
      await button(page, "Delete").click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await page.getByRole("heading", { name: /stock/ }).waitFor();
    },
    SLOW_MS,
  );

  test(
    "completes a command, hints at what is missing, runs it and recalls it",
    async () => {
      const page = await suite.open("commands");
      const line = page.getByRole("combobox", { name: "Command", exact: true });
      await line.pressSequentially("zrangeb");
      await page.getByRole("option", { name: "ZRANGEBYSCORE" }).waitFor();
      await line.fill("config ");
      await page.getByRole("option", { name: "GET", exact: true }).waitFor();
      await line.fill("set typed ");
      await text(page, /value \[NX\|XX/);
      await line.fill('set typed "a b"');
      await page.keyboard.press("Enter");
      await page.getByRole("log").getByText("OK", { exact: true }).waitFor();
      expect(await suite.command("GET", "typed")).toBe("a b");
      await line.fill("incr typed");
      await page.keyboard.press("Enter");
      await text(page, "(error) ERR value is not an integer or out of range");
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("ArrowUp");
      expect(await line.inputValue()).toBe('set typed "a b"');
    },
    SLOW_MS,
  );

  test(
    "shows slow requests, and empties the slow log",
    async () => {
      await suite.command("CONFIG", "SET", "slowlog-log-slower-than", 0);
      await suite.command("SET", "slow:key", "x");
      await suite.command("CONFIG", "SET", "slowlog-log-slower-than", 3_600_000_000);
      const page = await suite.open("slow-log");
      await text(page, "SET slow:key x");
      await button(page, "Empty it").click();
      await page.getByRole("dialog").getByRole("button", { name: "Empty" }).click();
      await text(page, "No request was slow");
      expect(await suite.command("SLOWLOG", "LEN")).toBe(0);
    },
    SLOW_MS,
  );

  test(
    "lists the clients and disconnects one",
    async () => {
      const wire = await suite.server.connect();
      await wire.call("CLIENT SETNAME victim");
      const page = await suite.open("clients");
      await page.getByLabel("Address, name, user or command").fill("victim");
      await page
        .getByRole("row", { name: /victim/ })
        .getByRole("button", { name: /Disconnect/ })
        .click();
      await page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
      await text(page, "No client matches");
      expect(String(await suite.command("CLIENT", "LIST"))).not.toContain("victim");
      await wire.close();
    },
    SLOW_MS,
  );

  test(
    "hears what is published, key events too, and publishes",
    async () => {
      const page = await suite.open("pubsub");
      await page.getByLabel("Channels and patterns").fill("news orders.*");
      await button(page, "Listen").click();
      await page.getByRole("status").getByText("Listening", { exact: true }).waitFor();
      await suite.command("PUBLISH", "orders.new", "order <b>1</b>");
      await page.getByRole("log").getByText("order <b>1</b>").waitFor();
      await page.getByLabel("Channel", { exact: true }).fill("news");
      await page.getByLabel("Message", { exact: true }).fill("from here");
      await button(page, "Publish").click();
      await page.getByRole("log").getByText("from here").waitFor();
      await button(page, "Stop").click();
      await button(page, "Listen").waitFor();
    },
    SLOW_MS,
  );

  test(
    "finds a directive, sets it, and shows what the server has against a value",
    async () => {
      const page = await suite.open("configuration");
      await page.getByLabel("Name or value").fill("maxmemory-policy");
      await button(page, "Change maxmemory-policy").click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Value").fill("nonsense");
      await dialog.getByRole("button", { name: "Set" }).click();
      await text(page, /argument\(s\) must be one of the following/);
      await dialog.getByLabel("Value").fill("allkeys-lru");
      await dialog.getByRole("button", { name: "Set" }).click();
      await page.getByRole("cell", { name: "allkeys-lru" }).waitFor();
      expect(await suite.command("CONFIG", "GET", "maxmemory-policy")).toEqual({ "maxmemory-policy": "allkeys-lru" });
      await suite.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
    },
    SLOW_MS,
  );
});

describeInBrowser("the console of a server with a password", { options: { requirepass: "secret" } }, (suite) => {
  test(
    "asks for credentials by its own form, keeps out who has none, and signs out",
    async () => {
      const page = await suite.open("keys");
      await page.getByLabel("Password").fill("wrong");
      await button(page, "Sign in").click();
      await text(page, /WRONGPASS/);
      await page.getByLabel("Password").fill("secret");
      await button(page, "Sign in").click();
      await text(page, "This database is empty");
      await page.reload();
      await text(page, "This database is empty");
      await button(page, "Sign out").click();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
    },
    SLOW_MS,
  );
});
