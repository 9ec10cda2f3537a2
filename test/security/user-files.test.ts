/** Where users are kept: `user` lines of a configuration, and ACL files. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorLike, ok } from "../harness/expected.ts";
import { startServer } from "../harness/server.ts";
import { check } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";

setDefaultTimeout(60_000);

describe("users of a configuration", () => {
  test("are made at the start, and CONFIG REWRITE writes them back", async () => {
    const own = await startServer({
      configFile: "user alice on >secret ~app:* +@read (~log:* +set)\nuser default on nopass ~* &* +@all -flushall\n",
    });
    const wire = await own.connect();
    await check(wire, [
      ["FLUSHALL", errorLike(/^NOPERM /)],
      ["ACL SETUSER bob on nopass", ok],
      ["CONFIG REWRITE", ok],
      ["AUTH alice secret", ok],
      ["SET log:1 v", ok],
      ["SET app:1 v", errorLike(/^NOPERM /)],
    ]);
    const text = await Bun.file(join(own.folder, "test.conf")).text();
    const lines = text.split("\n").filter((line) => line.startsWith("user "));
    expect(lines.map((line) => line.split(" ")[1])).toEqual(["alice", "bob", "default"]);
    expect(lines[0]).toMatch(
      /^user alice on .*#[0-9a-f]{64} ~app:\* resetchannels -@all \+@read \(~log:\* resetchannels -@all \+set\)$/,
    );
    await wire.close();
    await own.stop();
  });

  test("that make no sense stop the start and are named with their line", async () => {
    for (const [configFile, reason] of [
      ["hz 10\nuser alice on %X~a\n", /at line 2[\s\S]*Error in user declaration '%X~a': Syntax error/],
      ["user alice on\nuser alice off\n", /at line 2[\s\S]*Duplicate user found/],
    ] as const) {
      if (isOracle) continue;
      const failure = await startServer({ configFile }).then(
        () => null,
        (error: Error) => error.message,
      );
      expect(failure).toMatch(reason);
    }
  });
});

describe("a file of users", () => {
  test("is read at the start, saved and loaded again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "zedis-acl-"));
    const path = join(folder, "users.acl");
    await Bun.write(path, "user alice on >secret ~app:* +@read\nuser default on nopass ~* &* +@all\n");
    const own = await startServer({ options: { aclfile: path } });
    const wire = await own.connect();
    const alice = await own.connect();
    await check(alice, [["AUTH alice secret", ok]]);
    await check(wire, [
      ["ACL USERS", ["alice", "default"]],
      ["ACL SETUSER bob on nopass", ok],
      ["ACL SAVE", ok],
    ]);
    expect((await Bun.file(path).text()).split("\n").map((line) => line.split(" ")[1])).toEqual([
      ...["alice", "bob", "default", undefined],
    ]);
    if (!isOracle) {
      // Redis 7.2 closes all of the users' connections here, 7.4 and Zedis only those of users that are gone.
      await Bun.write(path, "user alice on >secret ~app:* +get\n");
      await check(wire, [["ACL LOAD", ok]]);
      await check(alice, [
        ["GET app:1", null],
        ["EXISTS app:1", errorLike(/^NOPERM /)],
      ]);
      await Bun.write(path, "user carol on nopass\nuser carol off\n");
      await check(wire, [
        ["ACL LOAD", errorLike(/Duplicate user 'carol' found on line 2\. WARNING: ACL errors detected, no change/)],
        ["ACL USERS", ["alice", "default"]],
      ]);
      await Bun.write(path, "user default on nopass ~* &* +@all\n");
      await check(wire, [
        ["ACL LOAD", ok],
        ["ACL USERS", ["default"]],
      ]);
      await alice.bytes.closed;
      await Bun.file(path).unlink();
      await check(wire, [["ACL LOAD", errorLike(/opening file .*users\.acl': No such file or directory/)]]);
    }
    await wire.close();
    await own.stop();
    rmSync(folder, { recursive: true });
  });
});
