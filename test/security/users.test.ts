/**
 * What users' rules do: who may log in, what they may run. How a change reaches connections: user-changes.test.ts.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { err, errorLike, like, ok, queued, unordered } from "../harness/expected.ts";
import { itemsOf, mapOf, numberOf, textOf } from "../harness/resp.ts";
import { check, suite } from "../harness/suite.ts";
import { isOracle, targetHas } from "../harness/target.ts";
import { userTools } from "./user-tools.ts";

setDefaultTimeout(60_000);

const users = suite();
const { as, withAdmin } = userTools(users);
const wrongPass = err("WRONGPASS invalid username-password pair or user is disabled.");
const noKey = err("NOPERM No permissions to access a key");
const noCommand = (user: string, command: string) =>
  err(`NOPERM User ${user} has no permissions to run the '${command}' command`);
/** Texts of 7.2 and later. */
const since = { since: "7.2" };

users.rows("a user logs in with any of its passwords, by AUTH or HELLO, while it is on", [
  ["ACL SETUSER alice >one >two +acl|whoami +hello +reset", ok],
  ["AUTH alice one", wrongPass],
  ["ACL SETUSER alice on", ok],
  ["AUTH alice three", wrongPass],
  ["AUTH nobody one", wrongPass],
  ["ACL WHOAMI", "default"],
  ["HELLO 2 AUTH alice wrong", wrongPass],
  ["AUTH alice two", ok],
  ["ACL WHOAMI", "alice"],
  ["AUTH default whatever", ok],
  ["ACL SETUSER alice <two", ok],
  ["AUTH alice two", wrongPass],
  ["AUTH alice one", ok],
  ["RESET", like(/RESET/)],
  ["ACL WHOAMI", "default"],
]);

users.rows(
  "commands, keys and subcommands outside of the rules are refused",
  [
    ["ACL SETUSER alice on nopass ~app:* +get +set +mget +multi +exec +config|get +select|1 +acl|whoami", ok],
    ["AUTH alice x", ok],
    ["SET app:1 v", ok],
    ["GET app:1", "v"],
    ["GET other", noKey],
    ["MGET app:1 other", noKey],
    ["DEL app:1", noCommand("alice", "del")],
    ["CONFIG SET hz 10", noCommand("alice", "config|set")],
    ["PING", noCommand("alice", "ping")],
    ["SELECT 1", ok],
    ["SELECT 0", noCommand("alice", "select")],
    ["GET", err("ERR wrong number of arguments for 'get' command")],
    ["NOSUCH", errorLike(/^ERR unknown command 'NOSUCH'/)],
  ],
  since,
);

users.rows(
  "what is refused while it is queued fails the transaction; the log tells where it was",
  [
    ["ACL SETUSER alice on nopass ~app:* +get +multi +exec", ok],
    ["AUTH alice x", ok],
    ["MULTI", ok],
    ["GET app:1", queued],
    ["GET other", noKey],
    ["SET app:1 v", noCommand("alice", "set")],
    ["EXEC", err("EXECABORT Transaction discarded because of previous errors.")],
    ["GET other", noKey],
    ["GET other", noKey],
    ["AUTH default x", ok],
  ],
  since,
);

test.skipIf(!targetHas("7.2"))("ACL LOG tells who was refused what, where, how often", async () => {
  await withAdmin(async (admin) => {
    await admin.call("ACL SETUSER alice on nopass ~app:* +get +multi +discard");
    const alice = await as("alice");
    await alice.pipeline(["GET x", "GET x", "MULTI", "GET x", "DISCARD", "DEL x", ["AUTH", "bob", "\xff"]]);
    const log = itemsOf(await admin.call("ACL LOG")).map(mapOf);
    const seen = log.map((entry) =>
      ["count", "reason", "context", "object", "username"].map((field) => {
        const value = entry.get(field);
        return value?.kind === "integer" ? numberOf(value) : textOf(value);
      }),
    );
    expect(seen).toEqual([
      [1, "auth", "toplevel", "AUTH", "bob"],
      [1, "command", "toplevel", "del", "alice"],
      [1, "key", "multi", "x", "alice"],
      [2, "key", "toplevel", "x", "alice"],
    ]);
    expect(textOf(log[1]?.get("client-info"))).toMatch(/^id=\d+ addr=.* cmd=del user=alice /);
    expect(numberOf(log[0]?.get("entry-id"))).toBe(numberOf(log[1]?.get("entry-id")) + 1);
    expect(itemsOf(await admin.call("ACL LOG 1")).length).toBe(1);
    await check(admin, [
      ["ACL LOG RESET", ok],
      ["ACL LOG", []],
    ]);
    await alice.close();
  });
});

test.skipIf(!targetHas("7.2"))("INFO counts refusals of each kind", async () => {
  await withAdmin(async (admin) => {
    await admin.call("ACL SETUSER alice on nopass ~app:* +get");
    const counts = async () =>
      ["auth", "cmd", "key"].map(async (kind) =>
        Number(new RegExp(`acl_access_denied_${kind}:(\\d+)`).exec(textOf(await admin.call("INFO stats")))?.[1]),
      );
    const before = await Promise.all(await counts());
    const alice = await as("alice");
    await alice.pipeline(["GET x", "GET y", "DEL x", "AUTH nobody x"]);
    const after = await Promise.all(await counts());
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([1, 1, 2]);
    await alice.close();
  });
});

describe("channels", () => {
  users.rows(
    "outside of the rules are neither heard nor spoken on; patterns have to be allowed as they are",
    [
      ["ACL SETUSER alice on nopass resetchannels &news:* &chat +@all", ok],
      ["AUTH alice x", ok],
      ["PUBLISH news:1 m", 0],
      ["PUBLISH other m", err("NOPERM No permissions to access a channel")],
      ["SPUBLISH other m", err("NOPERM No permissions to access a channel")],
      ["SUBSCRIBE chat other", err("NOPERM No permissions to access a channel")],
      ["PSUBSCRIBE news:1*", err("NOPERM No permissions to access a channel")],
      ["PSUBSCRIBE *", err("NOPERM No permissions to access a channel")],
      ["SSUBSCRIBE other", err("NOPERM No permissions to access a channel")],
    ],
    since,
  );

  test("that are taken away end the connections that listen to them, and no others", async () => {
    await withAdmin(async (admin) => {
      await admin.call("ACL SETUSER alice on nopass &news:* &chat &*pattern +@all");
      const [plain, pattern, shard, kept] = await Promise.all([as("alice"), as("alice"), as("alice"), as("alice")]);
      await plain.call("SUBSCRIBE news:1");
      await pattern.call("PSUBSCRIBE *pattern");
      await shard.call("SSUBSCRIBE news:2");
      await kept.call("SUBSCRIBE chat");
      await check(admin, [["ACL SETUSER alice resetchannels &chat &more", ok]]);
      for (const wire of [plain, pattern, shard]) await wire.bytes.closed;
      await check(admin, [["PUBLISH chat still", 1]]);
      expect(itemsOf(await kept.reply()).map(textOf)).toEqual(["message", "chat", "still"]);
      await kept.close();
    });
  });
});

test("CLIENT LIST shows and CLIENT KILL finds connections by user", async () => {
  await withAdmin(async (admin) => {
    await admin.call("ACL SETUSER alice on nopass +@all");
    const alice = await as("alice");
    expect(textOf(await admin.call("CLIENT LIST"))).toMatch(/ user=alice /);
    await check(admin, [
      ["CLIENT KILL USER nobody", err("ERR No such user 'nobody'")],
      ["CLIENT KILL USER alice", 1],
    ]);
    await alice.bytes.closed;
  });
});

describe.skipIf(isOracle)("a procedure", () => {
  const LIBRARY = `#!ts name=guarded
export function read(key: string) { return Zedis.get(key); }
export function number(key: string) { return Zedis.get_int(key); }
export function write(key: string, value: string) { Zedis.set(key, value); return "done"; }
export function count(key: string) { return Zedis.incrby(key, 1); }
export function remove(key: string) { return Zedis.del(key) + Zedis.exists(key); }
export function general(key: string) { return Zedis.call("HSET", key, "f", "v"); }
export function swallow(key: string) { try { Zedis.get(key); } catch (e) { return String(e.message); } }
`;
  const refusedKey = errorLike(/ACL failure in script: No permissions to access a key/);

  test("may do what its caller may, no more", async () => {
    await withAdmin(async (admin) => {
      await admin.call(["FUNCTION", "LOAD", "REPLACE", LIBRARY]);
      await admin.call("ACL SETUSER alice on nopass ~app:* +fcall +get +set +incrby +exists +del");
      const alice = await as("alice");
      await check(alice, [
        ["FCALL write 1 app:k v", "done"],
        ["FCALL read 1 app:k", "v"],
        ["FCALL count 1 app:n", 1],
        ["FCALL remove 1 app:k", 1],
        // Keys that the request names are refused before the call.
        ["FCALL read 1 other", noKey],
        // Those that it does not name, in the call.
        ["FCALL read 0 other", refusedKey],
        ["FCALL number 0 other", refusedKey],
        ["FCALL write 0 other v", refusedKey],
        ["FCALL count 0 other", refusedKey],
        ["FCALL remove 0 other", refusedKey],
        ["FCALL swallow 0 other", like(/^ERR ACL failure in script: No permissions to access a key$/)],
        [
          "FCALL general 1 app:h",
          errorLike(/ACL failure in script: User alice has no permissions to run the 'hset' command/),
        ],
      ]);
      const log = itemsOf(await admin.call("ACL LOG")).map(mapOf);
      expect([textOf(log[0]?.get("context")), textOf(log[0]?.get("object"))]).toEqual(["lua", "hset"]);
      expect(textOf(log[0]?.get("client-info"))).toContain(" cmd=fcall user=alice ");
      await check(admin, [
        ["EXISTS other app:h", 0],
        ["FCALL general 1 app:h", 1],
      ]);
      await alice.close();
    });
  });

  test("reads with rights to read and writes with rights to write", async () => {
    await withAdmin(async (admin) => {
      await admin.call(["FUNCTION", "LOAD", "REPLACE", LIBRARY]);
      await admin.call("SET r 1");
      await admin.call("ACL SETUSER alice on nopass %R~r %W~w +@all");
      const alice = await as("alice");
      await check(alice, [
        ["FCALL read 0 r", "1"],
        ["FCALL read 0 w", refusedKey],
        ["FCALL write 0 w v", "done"],
        ["FCALL write 0 r v", refusedKey],
        ["FCALL count 0 r", refusedKey],
        ["FCALL count 0 w", refusedKey],
      ]);
      await alice.close();
    });
  });
});

describe.skipIf(isOracle)("databases", () => {
  test("outside of db= are out of reach", async () => {
    await withAdmin(async (admin) => {
      await admin.call("ACL SETUSER alice on nopass ~* +@all db=1,2");
      await check(admin, [
        ["ACL LIST", unordered(like(/^user alice on nopass .* db=1,2 \+@all$/), like(/^user default /))],
      ]);
      const alice = await as("alice");
      const refused = err("NOPERM No permissions to access database");
      await check(alice, [
        ["GET k", refused],
        ["PING", like(/PONG/)],
        ["SELECT 3", refused],
        ["SELECT 1", ok],
        ["SET k v", ok],
        ["MOVE k 0", refused],
        ["MOVE k 2", 1],
        ["FLUSHALL", refused],
        ["MULTI", ok],
        ["SELECT 2", queued],
        ["GET k", queued],
        ["EXEC", [ok, "v"]],
        ["FLUSHDB", ok],
      ]);
      const [entry] = itemsOf(await admin.call("ACL LOG")).map(mapOf);
      expect([textOf(entry?.get("reason")), textOf(entry?.get("object"))]).toEqual(["database", "flushall"]);
      await alice.close();
    });
  });
});
