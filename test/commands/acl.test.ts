/** ACL: users and their rules as they are set and shown. What rules do to connections: test/security/users.test.ts. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { err, errorLike, like, map, ok, set } from "../harness/expected.ts";
import { itemsOf, textOf } from "../harness/resp.ts";
import { startServer } from "../harness/server.ts";
import { check, suite } from "../harness/suite.ts";
import { isOracle, targetHas } from "../harness/target.ts";

const acl = suite();

acl.rows("the default user may do everything", [
  ["ACL WHOAMI", "default"],
  ["ACL USERS", ["default"]],
  ["ACL GETUSER nobody", null],
  ["ACL CAT nosuch", err("ERR Unknown category 'nosuch'")],
  ["ACL FOO", err("ERR unknown subcommand 'FOO'. Try ACL HELP.")],
  ["ACL DRYRUN default GET k", ok],
]);

acl.rows(
  "the default user's rules are those of a server without users",
  [
    ["ACL LIST", ["user default on nopass sanitize-payload ~* &* +@all"]],
    [
      "ACL GETUSER default",
      map(
        ...["flags", set("on", "nopass", "sanitize-payload"), "passwords", [], "commands", "+@all"],
        ...["keys", "~*", "channels", "&*", "selectors", []],
      ),
    ],
  ],
  { since: "7.2" },
);

const secretHash = createHash("sha256").update("secret").digest("hex");
const noUsers = { after: ["ACL DELUSER alice bob"] };

acl.rows(
  "ACL SETUSER makes users and changes them by further rules, which ACL GETUSER and LIST show",
  [
    ["ACL SETUSER alice", ok],
    ["ACL USERS", ["alice", "default"]],
    ["ACL SETUSER alice on >secret ~app:* %R~read:* &news:* +@read -keys +config|get", ok],
    ["ACL SETUSER alice (%W~log:* +set) skip-sanitize-payload", ok],
    [
      "ACL GETUSER alice",
      map(
        ...["flags", set("on", "skip-sanitize-payload"), "passwords", [secretHash]],
        ...["commands", "-@all +@read -keys +config|get", "keys", "~app:* %R~read:*", "channels", "&news:*"],
        ...["selectors", [map("commands", "-@all +set", "keys", "%W~log:*", "channels", "")]],
      ),
    ],
    ["ACL DELUSER alice nobody", 1],
    ["ACL GETUSER alice", null],
    ["ACL DELUSER default", err("ERR The 'default' user cannot be removed")],
  ],
  { since: "7.2", ...noUsers },
);

acl.rows(
  "a wrong rule refuses all of them",
  [
    ["ACL SETUSER alice on +get", ok],
    [
      "ACL SETUSER alice off +nosuch",
      err("ERR Error in ACL SETUSER modifier '+nosuch': Unknown command or category name in ACL"),
    ],
    ["ACL SETUSER alice off nonsense", err("ERR Error in ACL SETUSER modifier 'nonsense': Syntax error")],
    ["ACL SETUSER bob +nosuch", errorLike(/Unknown command/)],
    ["ACL GETUSER bob", null],
    [["ACL", "SETUSER", "a b"], err("ERR Usernames can't contain spaces or null characters")],
    ["ACL SETUSER alice (+get", err("ERR Unmatched parenthesis in acl selector starting at '(+get'.")],
    ["ACL SETUSER", err("ERR wrong number of arguments for 'acl|setuser' command")],
  ],
  noUsers,
);

acl.rows(
  "ACL DRYRUN tells what a user may do, and why not",
  [
    ["ACL SETUSER alice %R~r* %W~w* +@all -keys resetchannels", ok],
    ["ACL DRYRUN alice GET r1", ok],
    ["ACL DRYRUN alice GET w1", "User alice has no permissions to access the 'w1' key"],
    ["ACL DRYRUN alice SET w1 v", ok],
    ["ACL DRYRUN alice SET w1 v GET", "User alice has no permissions to access the 'w1' key"],
    ["ACL DRYRUN alice KEYS *", "User alice has no permissions to run the 'keys' command"],
    ["ACL DRYRUN alice CONFIG GET x", ok],
    ["ACL DRYRUN alice GET", err("ERR wrong number of arguments for 'get' command")],
    ["ACL DRYRUN alice NOSUCH", err("ERR Command 'NOSUCH' not found")],
    ["ACL DRYRUN nobody GET r1", err("ERR User 'nobody' not found")],
  ],
  { since: "7.2", ...noUsers },
);

acl.rows("ACL GENPASS makes hexadecimal passwords of so many bits", [
  ["ACL GENPASS", like(/^[0-9a-f]{64}$/)],
  ["ACL GENPASS 1", like(/^[0-9a-f]$/)],
  ["ACL GENPASS 5", like(/^[0-9a-f]{2}$/)],
  ["ACL GENPASS 4096", like(/^[0-9a-f]{1024}$/)],
  ["ACL GENPASS 4097", errorLike(/^ERR ACL GENPASS argument must be the number of bits/)],
  ["ACL GENPASS 0", errorLike(/^ERR ACL GENPASS argument must be the number of bits/)],
  ["ACL GENPASS x", err("ERR value is not an integer or out of range")],
]);

acl.rows("without an ACL file there is nothing to load or save", [
  ["ACL LOAD", errorLike(/^ERR This Redis instance is not configured to use an ACL file\./)],
  ["ACL SAVE", errorLike(/^ERR This Redis instance is not configured to use an ACL file\./)],
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
    ]);
    if (targetHas("7.2")) {
      await check(wire, [["ACL LIST", [`user default on sanitize-payload #${hash} ~* &* +@all`]]]);
      expect(textOf(await wire.call("INFO stats"))).toContain("acl_access_denied_auth:1\r\n");
    }
    await wire.close();
    await own.stop();
  });
});
