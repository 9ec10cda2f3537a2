/** A tool that people look into Redis with: redis-commander, unmodified, browses and edits through its own HTTP API. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { freePort, type Server, startServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";
import { prepare } from "./toolchains.ts";

const limit_ms = 120_000;
const program = await prepare("commander");
const missing = "missing" in program ? ` [skipped: ${program.missing}]` : "";

// Node or npm is missing on some machines, or the registry cannot be reached; the title says which.
describe.skipIf("missing" in program)(`redis-commander${missing}`, () => {
  let server: Server;
  let child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  let base: string;
  let connection: string;
  let token: string;
  let output = "";

  beforeAll(async () => {
    if ("missing" in program) return;
    server = await startServer({ kind: "zedis" });
    const wire = await server.connect();
    for (const command of [
      "SET shop:name hello",
      "HSET shop:hash field value",
      "RPUSH shop:list first second",
      "SADD shop:set member",
      "ZADD shop:zset 1 one 2 two",
      "XADD shop:stream 1-1 kind login",
      "SET alone 1 EX 1000",
    ]) {
      await wire.call(command);
    }
    await wire.close();
    const port = freePort();
    const where = ["--redis-host", "127.0.0.1", "--redis-port", String(server.port), "--redis-label", "zedis"];
    child = Bun.spawn([...program.command, ...where, "--address", "127.0.0.1", "--port", String(port), "--nosave"], {
      cwd: program.folder,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    for (const stream of [child.stdout, child.stderr]) {
      void (async () => {
        const decoder = new TextDecoder();
        for await (const chunk of stream) output += decoder.decode(chunk, { stream: true });
      })();
    }
    base = `http://127.0.0.1:${port}`;
    await until(
      "redis-commander's connection",
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended:\n${output}`);
        const answer = await fetch(`${base}/connections`).catch(() => null);
        const told = (await answer?.json().catch(() => null)) as { connections?: { conId: string }[] } | null;
        connection = told?.connections?.[0]?.conId ?? "";
        return connection !== "";
      },
      { limit_ms: 60_000 },
    );
    const signedIn = await fetch(`${base}/signin`, { method: "POST" });
    token = ((await signedIn.json()) as { bearerToken: string }).bearerToken;
  }, limit_ms);

  afterAll(async () => {
    child?.kill();
    await child?.exited;
    await server?.stop();
    if ("folder" in program) rmSync(program.folder, { recursive: true, force: true });
  });

  /** What the tool answers, as JSON where it is such; throws where it is no success. */
  // biome-ignore lint/suspicious/noExplicitAny: what is compared.
  async function ask(method: string, path: string, form?: Record<string, string>): Promise<any> {
    const answer = await fetch(`${base}/apiv2${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}\n${output}`);
    return /^[[{]/.test(text) ? JSON.parse(text) : text;
  }
  const key = (name: string): Promise<unknown> => ask("GET", `/key/${connection}/${name}`);

  test("shows the server's facts and the tree of its keys", async () => {
    const { data } = await ask("GET", "/server/info");
    const facts = new Map(data[0].info.map(({ key: name, value }: { key: string; value: string }) => [name, value]));
    expect(facts.get("Redis mode")).toBe("standalone");
    const root = (await ask("GET", `/keystree/${connection}`)).data;
    expect(root.map(({ text }: { text: string }) => text).sort()).toEqual(["alone", "shop:* (6)"]);
    const branch = (await ask("GET", `/keystree/${connection}/shop:`)).data;
    expect(branch.map(({ text, rel }: { text: string; rel: string }) => `${text} ${rel}`)).toEqual([
      "hash hash",
      "list (2) list",
      "name string",
      "set (1) set",
      "stream (1) stream",
      "zset (2) zset",
    ]);
  });

  test("shows a key of each type", async () => {
    expect(await key("shop:name")).toEqual({ ttl: -1, key: "shop:name", type: "string", value: "hello" });
    expect(await key("shop:hash")).toMatchObject({ type: "hash", data: { field: "value" } });
    expect(await key("shop:list")).toMatchObject({
      type: "list",
      length: 2,
      items: [{ value: "first" }, { value: "second" }],
    });
    expect(await key("shop:set")).toMatchObject({ type: "set", members: ["member"] });
    expect(await key("shop:zset")).toMatchObject({
      type: "zset",
      items: [
        { score: "2", value: "two" },
        { score: "1", value: "one" },
      ],
    });
    expect(await key("shop:stream")).toMatchObject({
      type: "stream",
      items: [{ timestamp: "1-1", field: "kind", value: "login" }],
    });
    expect(await key("alone")).toMatchObject({ type: "string", ttl: expect.any(Number) });
  });

  test("edits values, makes, renames and deletes keys, and runs a command", async () => {
    const at = { connectionId: connection };
    await ask("POST", `/key/${connection}/shop:name`, { keyType: "string", stringValue: "changed" });
    expect(await key("shop:name")).toMatchObject({ value: "changed" });
    await ask("PUT", "/hash/field", { ...at, key: "shop:hash", field: "field", value: "other" });
    expect(await key("shop:hash")).toMatchObject({ data: { field: "other" } });
    await ask("PUT", "/list/value", { ...at, key: "shop:list", index: "0", value: "zeroth" });
    expect(await key("shop:list")).toMatchObject({ items: [{ value: "zeroth" }, { value: "second" }] });
    await ask("PUT", "/set/member", { ...at, key: "shop:set", oldValue: "member", value: "another" });
    expect(await key("shop:set")).toMatchObject({ members: ["another"] });
    await ask("POST", "/zset/member", { ...at, key: "shop:zset", score: "3", value: "three" });
    expect(await key("shop:zset")).toMatchObject({ length: 3 });
    await ask("POST", "/xset/member", { ...at, key: "shop:stream", timestamp: "2-1", field: "kind", value: "logout" });
    expect(await key("shop:stream")).toMatchObject({ length: 2 });
    await ask("PATCH", `/key/${connection}/shop:name`, { key: "shop:renamed", force: "false" });
    expect(await key("shop:renamed")).toMatchObject({ value: "changed" });
    await ask("POST", `/key/${connection}/shop:set?action=delete`);
    expect(await key("shop:set")).toMatchObject({ type: "none" });
    expect(await ask("POST", `/exec/${connection}`, { cmd: "ZRANGE shop:zset 0 -1" })).toEqual({
      data: ["one", "two", "three"],
    });
  });
});
