/** Bearer tokens: what makes them void, and what the key's file is like. */
import { describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { USERS_FILE } from "../../src/admin/token-users.ts";
import { KEY_FILE, Tokens } from "../../src/admin/tokens.ts";
import { type Server, startServer } from "../harness/server.ts";
import { adminSuite, basic, request } from "./client.ts";

const api = adminSuite();
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const ping = { command: ["PING"] };

async function tokenOf(user: string, password: string): Promise<string> {
  const { status, body } = await api.send("POST", "/v1/tokens", { ttl_s: 100 }, basic(user, password));
  expect([status, body.user]).toEqual([200, user]);
  return body.token;
}

const statusOf = async (token: string): Promise<number> =>
  (await api.send("POST", "/v1/command", ping, bearer(token))).status;

describe("a token", () => {
  test("is its user, with the user's rules", async () => {
    await api.command("ACL", "SETUSER", "ann", "on", ">pw", "+ping", "+acl|whoami");
    const token = await tokenOf("ann", "pw");
    const who = await api.send("POST", "/v1/command", { command: ["ACL", "WHOAMI"] }, bearer(token));
    expect(who.body).toEqual({ result: "ann" });
    expect((await api.send("POST", "/v1/command", { command: ["GET", "k"] }, bearer(token))).status).toBe(403);
  });

  test("is void once the user has another password, is off, or is deleted", async () => {
    for (const change of [["<pw"], [">more"], ["off"], ["nopass"]]) {
      await api.command("ACL", "SETUSER", "bob", "reset", "on", ">pw", "+@all");
      const token = await tokenOf("bob", "pw");
      expect(await statusOf(token)).toBe(200);
      await api.command("ACL", "SETUSER", "bob", ...change);
      expect([change, await statusOf(token)]).toEqual([change, 401]);
    }
    await api.command("ACL", "SETUSER", "bob", "reset", "on", ">pw", "+@all");
    const token = await tokenOf("bob", "pw");
    await api.command("ACL", "DELUSER", "bob");
    expect(await statusOf(token)).toBe(401);
  });

  test("is void for a user of the same name and password that was made after its own was deleted", async () => {
    const make = () => api.command("ACL", "SETUSER", "dan", "on", ">pw", "+@all");
    await make();
    const token = await tokenOf("dan", "pw");
    await api.command("ACL", "DELUSER", "dan");
    await make();
    expect(await statusOf(token)).toBe(401);
    expect(await statusOf(await tokenOf("dan", "pw"))).toBe(200);
    const again = await tokenOf("dan", "pw");
    await api.command("ACL", "SETUSER", "dan", "reset", "on", ">pw", "+ping");
    expect(await statusOf(again)).toBe(200);
  });

  test("of a deleted user stays void over a restart, and that of the new one good, once users are saved", async () => {
    const folder = mkdtempSync(join(tmpdir(), "zedis-tokens-"));
    const file = join(folder, "users.acl");
    writeFileSync(file, "user default on nopass ~* &* +@all\nuser old on >pw ~* +@all\n");
    const start = () => startServer({ admin: true, kind: "zedis", options: { dir: folder, aclfile: file } });
    const token = async (server: Server, user: string): Promise<string> =>
      (await request(server.http, "POST", "/v1/tokens", { ttl_s: 1000 }, basic(user, "pw"))).body.token;
    const good = async (server: Server, tokens: string[]): Promise<boolean[]> => {
      const answers = await Promise.all(
        tokens.map((one) => request(server.http, "POST", "/v1/command", ping, bearer(one))),
      );
      return answers.map(({ status }) => status === 200);
    };
    try {
      let server = await start();
      const wire = await server.connect();
      const remade = async (): Promise<void> => {
        await wire.call("ACL DELUSER ann");
        await wire.call("ACL SETUSER ann on >pw ~* +@all");
      };
      await remade();
      const [old, first] = [await token(server, "old"), await token(server, "ann")];
      await remade();
      const tokens = [old, first, await token(server, "ann")];
      expect(await good(server, tokens)).toEqual([true, false, true]);
      await wire.call("ACL SAVE");
      expect(statSync(join(folder, USERS_FILE)).mode & 0o777).toBe(0o600);
      await server.stop();
      server = await start();
      expect(await good(server, tokens)).toEqual([true, false, true]);
      await server.stop();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("makes no further tokens", async () => {
    await api.command("ACL", "SETUSER", "eve", "on", ">pw", "+@all");
    const token = await tokenOf("eve", "pw");
    expect((await api.send("POST", "/v1/tokens", {}, bearer(token))).status).toBe(403);
  });

  test("that anybody has changed is none", async () => {
    await api.command("ACL", "SETUSER", "ann", "on", ">pw");
    const token = await tokenOf("ann", "pw");
    const [, payload = "", mac = ""] = token.split(".");
    const forged = Buffer.from(JSON.stringify({ u: "default", e: 9e9 })).toString("base64url");
    for (const wrong of [
      "",
      "zt1",
      `zt1.${forged}.${mac}`,
      `zt1.${payload}.${mac.slice(1)}A`,
      `${token}x`,
      "x".repeat(9000),
    ]) {
      expect([wrong, await statusOf(wrong)]).toEqual([wrong, 401]);
    }
  });

  test("is printed by zedis-cli, which needs the password", async () => {
    await api.command("ACL", "SETUSER", "cli", "on", ">pw", "+ping");
    const cli = (...args: string[]) =>
      Bun.spawn(
        [
          process.execPath,
          join(import.meta.dir, "../../src/cli/zedis-cli.ts"),
          "token",
          "--url",
          api.server.http,
          ...args,
        ],
        { stdout: "pipe", stderr: "pipe", env: { ...process.env, REDISCLI_AUTH: "pw" } },
      );
    const right = cli("--user", "cli", "--ttl", "60");
    expect(await statusOf((await new Response(right.stdout).text()).trim())).toBe(200);
    const wrong = cli("--user", "cli", "--pass", "other");
    expect(await new Response(wrong.stderr).text()).toContain("WRONGPASS");
    expect(await wrong.exited).toBe(1);
  });

  test("is no part of the log, and its key is for the owner alone", async () => {
    await api.command("ACL", "SETUSER", "ann", "on", ">pw");
    const token = await tokenOf("ann", "pw");
    await statusOf(token);
    expect(api.server.log).not.toContain(token);
    expect(statSync(join(api.server.folder, KEY_FILE)).mode & 0o777).toBe(0o600);
  });
});

describe("the key", () => {
  test("lasts over a restart; another one, or the end of its time, makes a token void", () => {
    const folder = mkdtempSync(join(tmpdir(), "zedis-tokens-"));
    try {
      const digest = (user: string) => Buffer.from(user);
      const fresh = () => new Tokens(digest, () => folder);
      const { token } = fresh().make("u", 10, 1000);
      expect(fresh().userOf(token, 1009)).toBe("u");
      expect(fresh().userOf(token, 1010)).toBeNull();
      unlinkSync(join(folder, KEY_FILE));
      expect(fresh().userOf(token, 1001)).toBeNull();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("that others can read, or that is cut, is refused with what to do", () => {
    const folder = mkdtempSync(join(tmpdir(), "zedis-tokens-"));
    try {
      const make = () =>
        new Tokens(
          (user) => Buffer.from(user),
          () => folder,
        ).make("u", 10);
      make();
      chmodSync(join(folder, KEY_FILE), 0o644);
      expect(make).toThrow("chmod 600");
      chmodSync(join(folder, KEY_FILE), 0o600);
      writeFileSync(join(folder, KEY_FILE), "short");
      expect(make).toThrow("5 bytes of 32");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
