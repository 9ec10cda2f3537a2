/** The console for somebody who may do little: what is theirs works, what is not says so. */
import { expect, test } from "bun:test";
import { violations } from "./axe.ts";
import { describeInBrowser, SLOW_MS } from "./browser.ts";

describeInBrowser("the console of a user with few rights", { options: { requirepass: "secret" } }, (suite) => {
  test(
    "shows the keys that are the user's, and says of everything else that it is not permitted",
    async () => {
      const wire = await suite.server.connect();
      for (const words of [
        ["AUTH", "secret"],
        ["MSET", "cart:1", "apples", "other", "hidden"],
        ["ACL", "SETUSER", "reader", "on", ">pw", "~cart:*", "+@read", "-@dangerous", "+ping"],
      ])
        await wire.call(words);
      await wire.close();
      const page = await suite.open("keys");
      const found = [...(await violations(page))];
      await page.getByLabel("User").fill("reader");
      await page.getByLabel("Password").fill("pw");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("option", { name: "other no access" }).waitFor();
      await page.getByRole("option", { name: "cart:1 string" }).click();
      const value = page.getByRole("textbox", { name: "Value" });
      await value.waitFor();
      expect(await value.inputValue()).toBe("apples");
      await page.getByText("This user may not read INFO.").waitFor();
      for (const view of ["overview", "procedures", "slow-log", "clients", "configuration"]) {
        await page.goto(`${suite.server.http}/#/${view}`);
        await page
          .getByText(/Not permitted: User reader has no permissions/)
          .first()
          .waitFor();
        found.push(...(await violations(page)).map((fault) => `${view}: ${fault}`));
      }
      expect(found).toEqual([]);
    },
    SLOW_MS,
  );
});
