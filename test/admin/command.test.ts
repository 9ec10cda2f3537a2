/** POST /v1/command and /v1/pipeline: arguments and replies as JSON, errors as statuses, what a shared session refuses. */
import { describe, expect, test } from "bun:test";
import { adminSuite } from "./client.ts";

const api = adminSuite();

describe("a command", () => {
  test("gives its reply as JSON of the same shape", async () => {
    expect(await api.command("SET", "k", "välue")).toEqual({ result: "OK" });
    expect(await api.command("GET", "k")).toEqual({ result: "välue" });
    expect(await api.command("GET", "nosuch")).toEqual({ result: null });
    expect(await api.command("HSET", "h", "a", 1, "b", 2.5)).toEqual({ result: 2 });
    expect(await api.command("HGETALL", "h")).toEqual({ result: { a: "1", b: "2.5" } });
    expect(await api.command("ZADD", "z", "1.5", "m", "inf", "n")).toEqual({ result: 2 });
    expect(await api.command("ZRANGE", "z", 0, -1, "WITHSCORES")).toEqual({
      result: [
        ["m", 1.5],
        ["n", "inf"],
      ],
    });
    expect(await api.command("SET", "big", "9223372036854775806")).toEqual({ result: "OK" });
    expect(await api.command("INCR", "big")).toEqual({ result: "9223372036854775807" });
  });

  test("takes and gives bytes that are no text in base64", async () => {
    const base64 = Buffer.from([0, 255, 13, 10]).toString("base64");
    expect(await api.command("SET", { base64 }, { base64 })).toEqual({ result: "OK" });
    expect(await api.command("GET", { base64 })).toEqual({ result: { base64 } });
    await api.command("SET", "t", "text");
    const asked = await api.send("POST", "/v1/command", { command: ["GET", "t"], encoding: "base64" });
    expect(asked.body).toEqual({ result: { base64: "dGV4dA==" } });
    await api.command("HSET", "odd", { base64 }, "v");
    expect(await api.command("HGETALL", "odd")).toEqual({ result: [[{ base64 }, "v"]] });
  });

  test("runs in the database that is asked for, and leaves the next one alone", async () => {
    await api.send("POST", "/v1/command", { command: ["SET", "where", "nine"], db: 9 });
    const there = await api.send("POST", "/v1/command", { command: ["GET", "where"], db: 9 });
    expect(there.body).toEqual({ result: "nine" });
    expect(await api.command("GET", "where")).toEqual({ result: null });
    const none = await api.send("POST", "/v1/command", { command: ["GET", "where"], db: 99 });
    expect([none.status, none.body.error.message]).toEqual([400, "ERR DB index is out of range"]);
  });

  test("that fails has its error's code and text", async () => {
    await api.command("SET", "s", "x");
    const wrong = await api.send("POST", "/v1/command", { command: ["LPUSH", "s", "x"] });
    const message = "WRONGTYPE Operation against a key holding the wrong kind of value";
    expect([wrong.status, wrong.body]).toEqual([400, { error: { code: "WRONGTYPE", message } }]);
  });

  test("that would break the session for the next request is refused with what to use instead", async () => {
    for (const command of [
      ["SUBSCRIBE", "c"],
      ["monitor"],
      ["MULTI"],
      ["SELECT", 1],
      ["HELLO", 2],
      ["CLIENT", "REPLY", "OFF"],
      ["BLPOP", "k", 0],
      ["XREAD", "BLOCK", 0, "STREAMS", "s", "$"],
    ]) {
      const { status, body } = await api.send("POST", "/v1/command", { command });
      expect([command, status]).toEqual([command, 400]);
      expect(body.error.message).toMatch(/cannot run over HTTP/);
    }
    expect((await api.command("XREAD", "STREAMS", "block", "0")).result).toBeNull();
  });

  test("is shown to others as one of the API", async () => {
    const { result } = await api.command("CLIENT", "LIST");
    expect(result).toMatch(/addr=admin-api:0 .*name=admin-api .*user=default .*lib-name=admin-api/);
  });

  test("has its replies limited by admin-reply-limit", async () => {
    await api.command("CONFIG", "SET", "admin-reply-limit", "1mb");
    await api.command("SETRANGE", "long", 7_999_999, "x");
    const { status, body } = await api.send("POST", "/v1/command", { command: ["GET", "long"] });
    await api.command("CONFIG", "SET", "admin-reply-limit", "64mb");
    expect([status, body.error.code]).toEqual([507, "REPLYTOOLARGE"]);
    expect((await api.command("GET", "long")).result).toHaveLength(8_000_000);
  });
});

describe("a list of commands", () => {
  test("gives each its reply or its error", async () => {
    const commands = [["SET", "p", 1], ["LPUSH", "p", 1], ["INCR", "p"], ["NOSUCH"]];
    const { status, body } = await api.send("POST", "/v1/pipeline", { commands });
    expect(status).toBe(200);
    expect(
      body.results.map((one: { result?: unknown; error?: { code: string } }) => one.result ?? one.error?.code),
    ).toEqual(["OK", "WRONGTYPE", 2, "ERR"]);
  });

  test("runs MULTI to EXEC as a whole", async () => {
    const { body } = await api.send("POST", "/v1/pipeline", {
      commands: [["MULTI"], ["INCR", "m"], ["INCR", "m"], ["EXEC"]],
    });
    expect(body.results).toEqual([{ result: "OK" }, { result: "QUEUED" }, { result: "QUEUED" }, { result: [1, 2] }]);
  });

  test("that is not whole runs nothing", async () => {
    for (const commands of [
      [["MULTI"], ["INCR", "n"]],
      [["INCR", "n"], ["EXEC"]],
      [["INCR", "n"], ["MULTI"], ["MULTI"], ["EXEC"]],
      [
        ["INCR", "n"],
        ["SUBSCRIBE", "c"],
      ],
    ]) {
      expect((await api.send("POST", "/v1/pipeline", { commands })).status).toBe(400);
    }
    expect(await api.command("GET", "n")).toEqual({ result: null });
  });

  test("whose user may not MULTI runs nothing of the transaction", async () => {
    await api.command("ACL", "SETUSER", "nomulti", "on", ">pw", "~*", "+@all", "-multi");
    const commands = [["MULTI"], ["SET", "no", 1], ["EXEC"], ["GET", "no"]];
    const headers = { authorization: `Basic ${btoa("nomulti:pw")}` };
    const { body } = await api.send("POST", "/v1/pipeline", { commands }, headers);
    expect(
      body.results.map((one: { result?: unknown; error?: { code: string } }) => one.error?.code ?? one.result),
    ).toEqual(["NOPERM", "NOPERM", "NOPERM", null]);
  });

  test("from many requests at once keep their replies apart", async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        api.send("POST", "/v1/pipeline", {
          commands: [
            ["ECHO", index],
            ["ECHO", `${index}!`],
          ],
          db: index % 3,
        }),
      ),
    );
    expect(answers.map(({ body }) => body.results)).toEqual(
      answers.map((_, index) => [{ result: String(index) }, { result: `${index}!` }]),
    );
  });
});
