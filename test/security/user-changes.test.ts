/**
 * How a change of users reaches connections: at once, on every core. The server has two, and connections are spread over them.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { err, errorLike, like, ok, queued } from "../harness/expected.ts";
import { itemsOf, mapOf, show, textOf } from "../harness/resp.ts";
import { check, suite } from "../harness/suite.ts";
import { targetHas } from "../harness/target.ts";
import { until } from "../harness/wait.ts";
import { userTools } from "./user-tools.ts";

setDefaultTimeout(60_000);

const users = suite();
const { as, withAdmin } = userTools(users);
const wrongPass = err("WRONGPASS invalid username-password pair or user is disabled.");

describe("a change of rules", () => {
  test("holds for every connection of the user once SETUSER has replied", async () => {
    await withAdmin(async (admin) => {
      await admin.call("ACL SETUSER alice on nopass ~* &* +@all");
      const clients = await Promise.all(Array.from({ length: 8 }, () => as("alice")));
      for (let round = 0; round < 30; round++) {
        for (const [rules, answer] of [
          ["-get", errorLike(/^NOPERM .*get/)],
          ["+get", "v"],
          ["resetkeys ~other", errorLike(/^NOPERM .* key/)],
          ["allkeys", "v"],
        ] as const) {
          await check(admin, [
            ["SET k v", ok],
            [`ACL SETUSER alice ${rules}`, ok],
          ]);
          await Promise.all(clients.map((client) => check(client, [["GET k", answer]])));
        }
      }
      await Promise.all(clients.map((client) => client.close()));
    });
  });

  test("holds for the rest of the pipeline that makes it", async () => {
    await withAdmin(async (admin) => {
      await admin.call("ACL SETUSER alice on nopass ~* &* +@all");
      const alice = await as("alice");
      const replies = await alice.pipeline(["SET k v", "GET k", "ACL SETUSER alice -get", "GET k", "SET k w"]);
      expect(replies.map((reply) => reply.kind)).toEqual(["simple", "bulk", "simple", "error", "simple"]);
      await alice.close();
    });
  });

  test("between MULTI and EXEC refuses the commands it concerns, one by one", async () => {
    await withAdmin(async (admin) => {
      await admin.call("ACL SETUSER alice on nopass ~* &* +@all");
      const alice = await as("alice");
      await check(alice, [
        ["MULTI", ok],
        ["SET k v", queued],
        ["GET k", queued],
        ["ACL SETUSER alice -ping", queued],
        ["PING", queued],
      ]);
      await check(admin, [["ACL SETUSER alice -get", ok]]);
      const why =
        /^NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call\. This command is no longer allowed for the following reason: no permission to execute the command or subcommand$/;
      await check(alice, [["EXEC", [ok, errorLike(why), ok, errorLike(why)]]]);
      const [entry] = itemsOf(await admin.call("ACL LOG")).map(mapOf);
      expect([textOf(entry?.get("context")), textOf(entry?.get("object"))]).toEqual(["multi", "ping"]);
      expect(textOf(entry?.get("client-info"))).toContain(" cmd=exec ");
      await alice.close();
    });
  });

  test("of the default user's password leaves who is logged in alone, and asks the next ones", async () => {
    await withAdmin(async (admin) => {
      const before = await users.server.connect();
      await check(admin, [["CONFIG SET requirepass secret", ok]]);
      const after = await users.server.connect();
      await check(after, [
        ["PING", err("NOAUTH Authentication required.")],
        ["AUTH wrong", wrongPass],
        ["AUTH secret", ok],
        ["PING", like(/PONG/)],
      ]);
      await check(before, [["PING", like(/PONG/)]]);
      const third = await users.server.connect();
      await check(admin, [[["CONFIG", "SET", "requirepass", ""], ok]]);
      await check(third, [["PING", like(/PONG/)]]);
      for (const wire of [before, after, third]) await wire.close();
    });
  });

  test("that puts the default user off makes new connections log in", async () => {
    await withAdmin(async (admin) => {
      await check(admin, [["ACL SETUSER default off", ok]]);
      const next = await users.server.connect();
      await check(next, [["PING", err("NOAUTH Authentication required.")]]);
      await check(admin, [["ACL SETUSER default on", ok]]);
      await check(next, [["PING", like(/PONG/)]]);
      await next.close();
    });
  });
});

describe("ACL DELUSER", () => {
  test("closes the user's connections on every core, and no others", async () => {
    await withAdmin(async (admin) => {
      await admin.call("ACL SETUSER alice on nopass +@all");
      await admin.call("ACL SETUSER bob on nopass +@all");
      const clients = await Promise.all(Array.from({ length: 6 }, () => as("alice")));
      const bob = await as("bob");
      await check(admin, [["ACL DELUSER alice", 1]]);
      for (const client of clients) await client.bytes.closed;
      await check(bob, [["PING", like(/PONG/)]]);
      await bob.close();
    });
  });

  test("of oneself is answered before the connection goes", async () => {
    await withAdmin(async (admin) => {
      await admin.call("ACL SETUSER alice on nopass +@all");
      const alice = await as("alice");
      await check(alice, [["ACL DELUSER alice", 1]]);
      await alice.bytes.closed;
    });
  });

  test("and SETUSER of the same name at once do not give the old connections to the new user", async () => {
    await withAdmin(async (admin) => {
      await admin.call("ACL SETUSER alice on nopass +@all");
      const alice = await as("alice");
      await admin.pipeline(["ACL DELUSER alice", "ACL SETUSER alice on nopass +@all"]);
      await alice.bytes.closed;
    });
  });
});

test.skipIf(!targetHas("7.2"))(
  "a client that waits is refused when its command is to run, if it may not run it any more",
  async () => {
    await withAdmin(async (admin) => {
      await admin.call("DEL waited");
      await admin.call("CONFIG RESETSTAT");
      await admin.call("ACL SETUSER alice on nopass ~* +@all");
      const clients = await Promise.all([as("alice"), as("alice"), as("alice")]);
      const replies = clients.map((client) => client.call("BLPOP waited 0"));
      await until("all to wait", async () => /blocked_clients:3/.test(textOf(await admin.call("INFO clients"))));
      await check(admin, [
        ["ACL SETUSER alice resetkeys ~other", ok],
        ["LPUSH waited v", 1],
      ]);
      for (const reply of await Promise.all(replies)) {
        expect(show(reply)).toBe(show({ kind: "error", text: "NOPERM No permissions to access a key" }));
      }
      await check(admin, [["LRANGE waited 0 -1", ["v"]]]);
      expect(textOf(await admin.call("INFO commandstats"))).toMatch(
        /cmdstat_blpop:calls=0,.*rejected_calls=3,failed_calls=0/,
      );
      await Promise.all(clients.map((client) => check(client, [["PING", like(/PONG/)]])));
      await Promise.all(clients.map((client) => client.close()));
    });
  },
);
