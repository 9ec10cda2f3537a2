/** /v1/server, /v1/clients, /v1/users, /v1/pubsub, /v1/procedures and /v1/call. */
import { describe, expect, test } from "bun:test";
import { startServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";
import { adminSuite, basic, request } from "./client.ts";

const api = adminSuite();

describe("the server", () => {
  test("tells INFO by sections", async () => {
    const { body } = await api.send("GET", "/v1/server/info?section=server");
    expect(Object.keys(body)).toEqual(["server"]);
    expect(body.server.process_id).toBe(String(api.server.pid));
  });

  test("has directives read and changed, all or none", async () => {
    expect((await api.send("PATCH", "/v1/server/config", { "slowlog-max-len": "50", maxclients: "900" })).status).toBe(
      200,
    );
    expect((await api.send("GET", "/v1/server/config?match=slowlog-max*")).body).toEqual({ "slowlog-max-len": "50" });
    const wrong = await api.send("PATCH", "/v1/server/config", { maxclients: "800", "slowlog-max-len": "many" });
    expect([wrong.status, wrong.body.error.message]).toEqual([400, expect.stringContaining("slowlog-max-len")]);
    expect((await api.send("GET", "/v1/server/config?match=maxclients")).body).toEqual({ maxclients: "900" });
  });

  test("tells its slow log and latencies", async () => {
    await api.send("PATCH", "/v1/server/config", { "slowlog-log-slower-than": "0" });
    await api.command("PING", "slow");
    const { body } = await api.send("GET", "/v1/server/slowlog?count=50");
    expect(body.entries.map((entry: { command: string[] }) => entry.command.join(" "))).toContain("PING slow");
    await api.send("PATCH", "/v1/server/config", { "slowlog-log-slower-than": "10000" });
    expect((await api.send("DELETE", "/v1/server/slowlog")).body).toEqual({ ok: true });
    const latency = await api.send("GET", "/v1/server/latency");
    expect(latency.body.commands.ping.calls).toBeGreaterThan(0);
  });

  test("saves, and stops", async () => {
    const server = await startServer({ admin: true, kind: "zedis" });
    try {
      expect((await request(server.http, "POST", "/v1/server/save", { background: false })).body).toEqual({ ok: true });
      expect((await request(server.http, "POST", "/v1/server/config/rewrite")).body.error.code).toBe("ERR");
      expect((await request(server.http, "POST", "/v1/server/shutdown", { save: false })).status).toBe(200);
      expect(await server.exited).toBe(0);
    } finally {
      await server.stop();
    }
  });
});

test("clients are listed and ended", async () => {
  const wire = await api.server.connect();
  await wire.call("CLIENT SETNAME victim");
  const named = async (): Promise<{ id: string }[]> =>
    (await api.send("GET", "/v1/clients")).body.clients.filter((client: { name: string }) => client.name === "victim");
  const [victim] = await named();
  expect((await api.send("DELETE", `/v1/clients/${victim?.id}`)).body).toEqual({ killed: 1 });
  await until("its end", async () => (await named()).length === 0);
  await wire.close();
});

test("users are made, read, changed and deleted", async () => {
  expect((await api.send("PUT", "/v1/users/ann", { rules: ["on", ">pw", "~a:*", "+get"] })).body).toEqual({ ok: true });
  expect((await api.send("GET", "/v1/users/ann")).body).toMatchObject({ commands: "-@all +get", keys: "~a:*" });
  expect((await api.send("GET", "/v1/users", undefined, basic("ann", "pw"))).status).toBe(403);
  expect((await api.send("PUT", "/v1/users/ann", { rules: ["nonsense"] })).status).toBe(400);
  expect((await api.send("DELETE", "/v1/users/ann")).body).toEqual({ deleted: true });
  expect((await api.send("GET", "/v1/users/ann")).status).toBe(404);
});

test("a message is published to who listens", async () => {
  const wire = await api.server.connect();
  await wire.call("SUBSCRIBE news");
  expect((await api.send("GET", "/v1/pubsub/channels")).body).toEqual({ channels: ["news"] });
  expect((await api.send("POST", "/v1/pubsub/publish", { channel: "news", message: "m" })).body).toEqual({
    receivers: 1,
  });
  await wire.close();
});

describe("procedures", () => {
  const source = `#!ts name=shop
    export function buy(key: string, amount: number, ...tags: string[]): { left: number; tags: string[] } {
      const left = Zedis.incrby(key, -amount);
      if (left < 0) throw new Error("out of stock");
      return { left, tags };
    }
    export function kinds(flag: boolean, big: bigint, mode: "a" | "b", data: { x: number }, note?: string): string {
      return [flag, big, mode, data.x, note].join(" ");
    }
    export function say(): string { Zedis.log("said"); return "hello"; }
  `;

  test("are loaded, listed, called by name and deleted", async () => {
    expect((await api.send("POST", "/v1/procedures", { source })).body).toEqual({ library: "shop" });
    expect((await api.send("POST", "/v1/procedures", { source })).status).toBe(400);
    expect((await api.send("POST", "/v1/procedures", { source, replace: true })).status).toBe(200);
    const { libraries } = (await api.send("GET", "/v1/procedures")).body;
    expect(libraries[0]).toMatchObject({ library_name: "shop", library_code: source });
    await api.command("SET", "stock", 5);
    const bought = await api.send("POST", "/v1/call/shop/buy", {
      arguments: { key: "stock", amount: 2, tags: ["x", "y"] },
      keys: 1,
    });
    expect(bought.body).toEqual({ result: { left: 3, tags: ["x", "y"] } });
    const failed = await api.send("POST", "/v1/call/shop/buy", { arguments: { key: "stock", amount: 9 } });
    expect([failed.status, failed.body.error.message]).toEqual([400, expect.stringContaining("out of stock")]);
    expect((await api.command("GET", "stock")).result).toBe("3");
    const dry = await api.send("POST", "/v1/dryrun/shop/buy", { arguments: { key: "stock", amount: 1 }, keys: 1 });
    expect([dry.status, (await api.command("GET", "stock")).result]).toEqual([200, "3"]);
    expect(JSON.stringify(dry.body)).toContain("stock");
  });

  test("have their arguments checked by the types they declare", async () => {
    const call = async (args: unknown) => api.send("POST", "/v1/call/shop/kinds", { arguments: args });
    const right = { flag: true, big: "123456789012345678901", mode: "b", data: { x: 1 } };
    expect((await call(right)).body).toEqual({ result: "true 123456789012345678901 b 1 " });
    expect((await call({ ...right, note: "n" })).body).toEqual({ result: "true 123456789012345678901 b 1 n" });
    for (const [wrong, text] of [
      [{ ...right, flag: "true" }, "'flag' must be boolean"],
      [{ ...right, mode: "c" }, "'mode' must be"],
      [{ ...right, big: 1.5 }, "'big' must be bigint"],
      [{ ...right, extra: 1 }, "no parameter 'extra'"],
      [{ flag: true }, "takes 4 to 5 arguments"],
    ] as const) {
      const { status, body } = await call(wrong);
      expect([status, body.error.message]).toEqual([400, expect.stringContaining(text)]);
    }
    const asked = await api.send("GET", "/v1/call/shop/kinds");
    expect(asked.body).toMatchObject({
      result: "string",
      arguments: { properties: { data: { properties: { x: { type: "number" } }, required: ["x"] } } },
    });
    expect((await api.send("GET", "/v1/call/shop/nosuch")).status).toBe(404);
    expect((await api.send("POST", "/v1/call/shop/nosuch", {})).status).toBe(404);
    expect((await api.send("POST", "/v1/call/nosuch/kinds", {})).status).toBe(404);
  });

  test("tell nothing of themselves to users who may not call them", async () => {
    await api.command("ACL", "SETUSER", "outsider", "on", ">pw", "~*", "+get");
    const headers = basic("outsider", "pw");
    const asked = [
      await api.send("POST", "/v1/call/shop/nosuch", {}, headers),
      await api.send("POST", "/v1/call/shop/kinds", { arguments: { no: 1 } }, headers),
      await api.send("POST", "/v1/dryrun/nosuch/kinds", {}, headers),
      await api.send("GET", "/v1/call/shop/kinds", undefined, headers),
    ];
    expect(asked.map(({ status, body }) => [status, body.error.code])).toEqual(asked.map(() => [403, "NOPERM"]));
    expect(JSON.stringify(asked)).not.toContain("buy");
  });

  test("are operations of the OpenAPI document while they are loaded, for who may list them", async () => {
    const paths = async (headers = {}): Promise<Record<string, { post: { requestBody: unknown } }>> =>
      (await api.send("GET", "/openapi.json", undefined, headers)).body.paths;
    expect((await paths())["/v1/call/shop/kinds"]?.post.requestBody).toMatchObject({
      content: {
        "application/json": {
          schema: {
            properties: {
              arguments: {
                properties: { flag: { type: "boolean" }, mode: { enum: ["a", "b"] } },
                required: ["flag", "big", "mode", "data"],
              },
            },
          },
        },
      },
    });
    await api.command("ACL", "SETUSER", "guest", "on", ">pw", "+ping");
    expect(Object.keys(await paths(basic("guest", "pw"))).filter((path) => path.includes("shop"))).toEqual([]);
  });

  test("show their log and figures", async () => {
    expect((await api.send("POST", "/v1/call/shop/say", {})).body).toEqual({ result: "hello" });
    expect(JSON.stringify((await api.send("GET", "/v1/procedures/shop/logs")).body.lines)).toContain("said");
    expect((await api.send("GET", "/v1/procedure-figures")).body.functions.say.calls).toBe(1);
    expect((await api.send("DELETE", "/v1/procedures/shop")).body).toEqual({ deleted: true });
    expect((await api.send("GET", "/v1/procedures")).body).toEqual({ libraries: [] });
  });

  test("an earlier version of a library is listed with its source, and loaded again", async () => {
    const source = (by: number): string => `#!ts name=aged\nexport function aged(): number { return ${by} }`;
    for (const by of [1, 2]) await api.send("POST", "/v1/procedures", { source: source(by), replace: true });
    const { versions } = (await api.send("GET", "/v1/procedures/aged/versions")).body;
    expect(versions).toMatchObject([
      { version: 2, live: true, user: "default", library_code: source(2) },
      { version: 1, live: false, user: "default", library_code: source(1), bytes: source(1).length },
    ]);
    const again = await api.send("POST", "/v1/procedures/aged/versions/1/load");
    expect([again.status, again.body]).toEqual([200, { library: "aged" }]);
    expect((await api.send("POST", "/v1/call/aged/aged", {})).body).toEqual({ result: 1 });
    expect((await api.send("POST", "/v1/procedures/aged/versions/9/load")).status).toBe(404);
    expect((await api.send("GET", "/v1/procedures/nosuch/versions")).status).toBe(400);
  });
});

test("the documentation is a page without anything from elsewhere", async () => {
  const page = await api.send("GET", "/docs");
  expect(page.headers.get("content-type")).toContain("text/html");
  expect(page.body).not.toMatch(/https?:\/\//);
  expect((await api.send("GET", "/docs.js")).status).toBe(200);
});
