/** Who is let in, and what a request has to be like. */
import { afterEach, describe, expect, test } from "bun:test";
import { runServer, startServer } from "../harness/server.ts";
import { until } from "../harness/wait.ts";
import { adminSuite, basic, request } from "./client.ts";

const api = adminSuite();
const ping = { command: ["PING"] };

test("a method that a path does not take is answered with those that it takes", async () => {
  const wrong = await api.send("DELETE", "/v1/command");
  expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST, OPTIONS"]);
  expect(wrong.body.error.message).toBe("ERR /v1/command takes POST, not DELETE");
  const asked = await api.send("OPTIONS", "/v1/keys/a");
  expect([asked.status, asked.headers.get("allow")]).toEqual([204, "GET, HEAD, PUT, DELETE, OPTIONS"]);
  expect(asked.headers.get("access-control-allow-origin")).toBeNull();
  expect((await api.send("GET", "/v1/nosuch")).status).toBe(404);
});

describe("users", () => {
  afterEach(async () => {
    await api.send(
      "POST",
      "/v1/command",
      { command: ["CONFIG", "SET", "requirepass", ""] },
      basic("default", "secret"),
    );
  });

  test("have to log in once the default user has a password", async () => {
    await api.command("CONFIG", "SET", "requirepass", "secret");
    const nobody = await api.send("POST", "/v1/command", ping);
    expect([nobody.status, nobody.body.error.code]).toEqual([401, "NOAUTH"]);
    expect(nobody.headers.get("www-authenticate")).toMatch(/^Basic /);
    expect((await api.send("POST", "/v1/command", ping, basic("default", "secret"))).status).toBe(200);
    expect((await api.send("POST", "/v1/command", ping, basic("", "secret"))).status).toBe(200);
    const wrong = await api.send("POST", "/v1/command", ping, basic("default", "other"));
    expect([wrong.status, wrong.body.error.code]).toEqual([401, "WRONGPASS"]);
    expect((await api.send("GET", "/health")).status).toBe(200);
  });

  test("that could not log in are in ACL LOG", async () => {
    await api.command("ACL", "LOG", "RESET");
    for (let at = 0; at < 3; at++) await api.send("POST", "/v1/command", ping, basic("intruder", `guess${at}`));
    const { result } = await api.command("ACL", "LOG");
    expect(result[0]).toMatchObject({ count: 3, reason: "auth", object: "HTTP", username: "intruder" });
    expect(result[0]["client-info"]).toContain("addr=127.0.0.1");
  });

  test("may do what their rules allow", async () => {
    await api.command("ACL", "SETUSER", "reader", "on", ">pw", "~a:*", "+get", "+ping");
    const headers = basic("reader", "pw");
    expect((await api.send("POST", "/v1/command", ping, headers)).body).toEqual({ result: "PONG" });
    const command = await api.send("POST", "/v1/command", { command: ["SET", "a:b", 1] }, headers);
    expect([command.status, command.body.error.code]).toEqual([403, "NOPERM"]);
    const key = await api.send("POST", "/v1/command", { command: ["GET", "b"] }, headers);
    expect(key.status).toBe(403);
  });

  test("that are deleted or switched off are out at once", async () => {
    await api.command("ACL", "SETUSER", "leaver", "on", ">pw", "+@all", "~*");
    const headers = basic("leaver", "pw");
    expect((await api.send("POST", "/v1/command", ping, headers)).status).toBe(200);
    await api.command("ACL", "SETUSER", "leaver", "off");
    expect((await api.send("POST", "/v1/command", ping, headers)).status).toBe(401);
    await api.command("ACL", "SETUSER", "leaver", "on");
    expect((await api.send("POST", "/v1/command", ping, headers)).status).toBe(200);
    await api.command("ACL", "DELUSER", "leaver");
    expect((await api.send("POST", "/v1/command", ping, headers)).status).toBe(401);
    await until(
      "the end of its sessions",
      async () => !(await api.command("CLIENT", "LIST")).result.includes("user=leaver"),
    );
  });
});

describe("a request", () => {
  test("under another name than the server's is refused", async () => {
    const refused = await api.send("POST", "/v1/command", ping, { host: "evil.example:6380" });
    expect([refused.status, refused.body.error.message]).toEqual([403, expect.stringContaining("admin-allowed-hosts")]);
    await api.command("CONFIG", "SET", "admin-allowed-hosts", "zedis.example");
    expect((await api.send("POST", "/v1/command", ping, { host: "zedis.example:6380" })).status).toBe(200);
    expect((await api.send("POST", "/v1/command", ping, { host: "localhost" })).status).toBe(200);
  });

  test("from a page of another origin is refused", async () => {
    expect((await api.send("POST", "/v1/command", ping, { origin: "http://evil.example" })).status).toBe(403);
    expect((await api.send("POST", "/v1/command", ping, { origin: "null" })).status).toBe(403);
    expect((await api.send("POST", "/v1/command", ping, { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await api.send("POST", "/v1/command", ping, { origin: api.server.http })).status).toBe(200);
  });

  test("with another body than JSON is refused", async () => {
    const plain = await api.send("POST", "/v1/command", JSON.stringify(ping), { "content-type": "text/plain" });
    expect(plain.status).toBe(415);
    expect((await api.send("POST", "/v1/command", "{")).status).toBe(400);
    expect((await api.send("POST", "/v1/command", { command: ["PING"], extra: 1 })).status).toBe(400);
    expect((await api.send("POST", "/v1/command", { command: [] })).status).toBe(400);
  });

  test("gives no page of another origin leave to read its response", async () => {
    const { headers } = await api.send("GET", "/health", undefined, { origin: "http://evil.example" });
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("to a path that there is not gets 404 as JSON", async () => {
    const { status, body } = await api.send("GET", "/v1/nosuch");
    expect([status, body.error.code]).toEqual([404, "ERR"]);
  });
});

test("bodies and rates have limits", async () => {
  const server = await startServer({
    admin: true,
    kind: "zedis",
    options: { "admin-body-limit": "1kb", "admin-rate-limit": "3" },
  });
  try {
    const large = await request(server.http, "POST", "/v1/command", { command: ["ECHO", "x".repeat(2000)] });
    expect([large.status, large.body.error.code]).toEqual([413, "ERR"]);
    expect(large.body.error.message).toContain("the 1024 bytes of admin-body-limit");
    const answers = await Promise.all(Array.from({ length: 20 }, () => request(server.http, "GET", "/health")));
    expect(answers.some(({ status }) => status === 429)).toBe(true);
    expect(answers.find(({ status }) => status === 429)?.body.error.message).toContain("admin-rate-limit");
  } finally {
    await server.stop();
  }
});

test("a body of unknown length is served up to the limit, and refused as JSON beyond it", async () => {
  const server = await startServer({ admin: true, kind: "zedis", options: { "admin-body-limit": "1kb" } });
  const send = (bytes: number) => {
    const text = JSON.stringify({ command: ["ECHO", "x".repeat(bytes)] });
    const chunks = text.match(/.{1,100}/gs) ?? [];
    const body = new ReadableStream({
      async pull(controller) {
        const chunk = chunks.shift();
        if (chunk === undefined) controller.close();
        else controller.enqueue(new TextEncoder().encode(chunk));
        await Bun.sleep(1);
      },
    });
    return fetch(`${server.http}/v1/command`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
  };
  try {
    const small = await send(500);
    expect([small.status, await small.json()]).toEqual([200, { result: "x".repeat(500) }]);
    const large = await send(2000);
    expect([large.status, ((await large.json()) as { error: { code: string } }).error.code]).toEqual([413, "ERR"]);
  } finally {
    await server.stop();
  }
});

test("a server whose configured admin-port is taken does not start, and says why", async () => {
  const port = new URL(api.server.http).port;
  const { exitCode, output } = await runServer(["--port", "0", "--bind", "127.0.0.1", "--admin-port", port]);
  expect([exitCode, output]).toEqual([1, expect.stringContaining(`cannot serve HTTP on 127.0.0.1:${port}`)]);
});

test("no secret of a command comes into an error or the log", async () => {
  const secret = "hunter2-secret";
  const { body } = await api.send("POST", "/v1/command", {
    command: ["ACL", "SETUSER", "u", `>${secret}`],
    encoding: secret,
  });
  expect(JSON.stringify(body)).not.toContain(secret);
  const pair = await api.send("POST", "/v1/command", { command: ["PING"] }, basic("u", secret));
  expect(JSON.stringify(pair.body)).not.toContain(secret);
  expect(api.server.log).not.toContain(secret);
});
