/** ACL as far as the default user goes: who one is, what it may do, which commands a category has. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { err, map, ok, set } from "../harness/expected.ts";
import { itemsOf, textOf } from "../harness/resp.ts";
import { startServer } from "../harness/server.ts";
import { check, suite } from "../harness/suite.ts";
import { isOracle, targetHas } from "../harness/target.ts";

const acl = suite();

acl.rows("the default user may do everything", [
  ["ACL WHOAMI", "default"],
  ["ACL USERS", ["default"]],
  ["ACL LIST", ["user default on nopass ~* &* +@all"]],
  [
    "ACL GETUSER default",
    map(
      ...["flags", set("on", "nopass"), "passwords", [], "commands", "+@all"],
      ...["keys", "~*", "channels", "&*", "selectors", []],
    ),
  ],
  ["ACL GETUSER nobody", null],
  ["ACL CAT nosuch", err("ERR Unknown category 'nosuch'")],
  ["ACL FOO", err("ERR unknown subcommand 'FOO'. Try ACL HELP.")],
]);

acl.both("ACL CAT names the categories, and the commands of each", async (wire) => {
  const categories = itemsOf(await wire.call("ACL CAT")).map(textOf);
  // Those of Redis 7, and @array of Redis 8.8.
  expect(categories.length).toBe(isOracle ? 21 : 22);
  const hashes = itemsOf(await wire.call("ACL CAT hash")).map(textOf);
  expect(hashes).toContain("hset");
  expect(hashes).not.toContain("get");
  for (const category of categories) {
    const [byCat, byList] = [
      await wire.call(`ACL CAT ${category}`),
      await wire.call(`COMMAND LIST FILTERBY ACLCAT ${category}`),
    ];
    expect(itemsOf(byCat).map(textOf).sort()).toEqual(itemsOf(byList).map(textOf).sort());
  }
});

describe("with a password", () => {
  test("ACL LIST shows its hash, and AUTH counts those who do not know it", async () => {
    const own = await startServer({ options: { requirepass: "s3cret" } });
    const wire = await own.connect();
    const hash = createHash("sha256").update("s3cret").digest("hex");
    await check(wire, [
      ["AUTH wrong", err("WRONGPASS invalid username-password pair or user is disabled.")],
      ["AUTH s3cret", ok],
      ["ACL LIST", [`user default on #${hash} ~* &* +@all`]],
    ]);
    if (targetHas("7.2")) {
      expect(textOf(await wire.call("INFO stats"))).toContain("acl_access_denied_auth:1\r\n");
    }
    await wire.close();
    await own.stop();
  });
});
