/** /v1/keys: every type as JSON, written and read back, page by page. */
import { describe, expect, test } from "bun:test";
import { adminSuite, basic } from "./client.ts";

const api = adminSuite();
const base64 = Buffer.from([0, 255]).toString("base64");

describe("a key", () => {
  const values = {
    string: "text",
    list: ["a", "b", { base64 }],
    set: ["a"],
    hash: [
      { field: "f", value: "v" },
      { field: { base64 }, value: { base64 } },
    ],
    zset: [
      { member: "low", score: "-inf" },
      { member: "m", score: 1.5 },
    ],
    stream: [
      {
        id: "1-1",
        fields: [
          ["f", "v"],
          ["f", "w"],
        ],
      },
    ],
    array: [
      { index: 0, value: "a" },
      { index: 5000, value: { base64 } },
      { index: "18446744073709551613", value: "last" },
    ],
    vectorset: [
      { element: { base64 }, vector: [0.25, -2], attributes: null },
      { element: "a", vector: [1, 0.5], attributes: '{"year":1999}' },
    ],
  };
  const more = { vectorset: { quantization: "f32" } } as Readonly<Record<string, object>>;
  for (const [type, value] of Object.entries(values)) {
    test(`of type ${type} is written as a whole and read back`, async () => {
      await api.command("SET", `k:${type}`, "before");
      const put = await api.send("PUT", `/v1/keys/k:${type}`, { type, value, ttl_ms: 100_000, ...more[type] });
      expect([put.status, put.body]).toEqual([200, { written: true }]);
      const { body } = await api.send("GET", `/v1/keys/k:${type}`);
      expect(body).toMatchObject({
        key: `k:${type}`,
        type,
        value,
        next: null,
        size: type === "string" ? 4 : value.length,
      });
      expect(body.ttl_ms).toBeGreaterThan(90_000);
    });
  }

  test("of any type is read and written as what DUMP gives, with all there is to it", async () => {
    await api.command("HSET", "h", "kept", "1", "expires", "2");
    await api.command("HEXPIRE", "h", 1000, "FIELDS", 1, "expires");
    const { body } = await api.send("GET", "/v1/keys/h?form=dump");
    expect(body).toMatchObject({ type: "hash", size: null });
    expect((await api.send("PUT", "/v1/keys/h2", { type: "dump", value: body.value })).status).toBe(200);
    const [kept, expires] = (await api.command("HTTL", "h2", "FIELDS", 2, "kept", "expires")).result;
    expect([kept, expires > 0]).toEqual([-1, true]);
  });

  test("that is a hash keeps the times of its fields when what was read is written back", async () => {
    await api.command("HSET", "timed", "kept", "1", "soon", "2", "later", "3");
    await api.command("HPEXPIRE", "timed", 500_000, "FIELDS", 1, "soon");
    await api.command("HPEXPIRE", "timed", 900_000, "FIELDS", 1, "later");
    const { value } = (await api.send("GET", "/v1/keys/timed")).body;
    const times = Object.fromEntries(
      value.map(({ field, ttl_ms }: { field: string; ttl_ms?: number }) => [field, ttl_ms]),
    );
    expect(times.kept).toBeUndefined();
    expect(times.soon).toBeWithin(1, 500_001);
    expect(times.later).toBeWithin(500_001, 900_001);
    expect((await api.send("PUT", "/v1/keys/timed", { type: "hash", value })).status).toBe(200);
    const left = (await api.command("HPTTL", "timed", "FIELDS", 3, "kept", "soon", "later")).result;
    expect(left[0]).toBe(-1);
    expect(left[1]).toBeWithin(1, 500_001);
    expect(left[2]).toBeWithin(500_001, 900_001);
    // One without a time stays for good, and of a field that stands there twice the last one counts.
    const written = [
      { field: "soon", value: "4", ttl_ms: null },
      { field: "twice", value: "5", ttl_ms: 1000 },
      { field: "twice", value: "6" },
    ];
    await api.send("PUT", "/v1/keys/timed", { type: "hash", value: written });
    expect((await api.command("HPTTL", "timed", "FIELDS", 3, "soon", "twice", "later")).result).toEqual([-1, -1, -2]);
    expect(
      (await api.send("PUT", "/v1/keys/timed", { type: "hash", value: [{ field: "f", value: "v", ttl_ms: 0 }] }))
        .status,
    ).toBe(400);
  });

  test("that is a string comes whole, unless it is very long or less is asked for", async () => {
    await api.command("SET", "letter", "ü".repeat(5000));
    const whole = (await api.send("GET", "/v1/keys/letter")).body;
    expect([whole.value, whole.next]).toEqual(["ü".repeat(5000), null]);
    expect((await api.send("GET", "/v1/keys/letter?count=10")).body).toMatchObject({
      value: "ü".repeat(5),
      next: "10",
    });
    await api.command("SETRANGE", "long", (1 << 20) + 1, "x");
    expect((await api.send("GET", "/v1/keys/long")).body.next).toBe(String(1 << 20));
  });

  test("with any bytes in its name is reached", async () => {
    const name = Buffer.from([0, 47, 255, 46]);
    const path = `/v1/keys/${name.toString("base64url")}?keyEncoding=base64url`;
    await api.send("PUT", path, { type: "string", value: "v" });
    expect((await api.command("GET", { base64: name.toString("base64") })).result).toBe("v");
    expect((await api.send("GET", path)).body).toMatchObject({ key: { base64: name.toString("base64") }, value: "v" });
    await api.command("SET", "a/b ü%", "slash");
    expect((await api.send("GET", `/v1/keys/${encodeURIComponent("a/b ü%")}`)).body.value).toBe("slash");
  });

  test("comes in pages that hold each element once", async () => {
    const members = Array.from({ length: 2500 }, (_, index) => `m${index}`);
    await api.command("SADD", "big:set", ...members);
    await api.command("RPUSH", "big:list", ...members);
    await api.command("ZADD", "big:zset", ...members.flatMap((member, index) => [index, member]));
    await api.command("SET", "big:string", "x".repeat(2500));
    await api.command("ARSET", "big:array", 0, ...members);
    for (let at = 0; at < 250; at++) await api.command("VADD", "big:vectorset", "VALUES", 1, at + 1, `\u00fc${at}`);
    for (let at = 1; at <= 250; at++) await api.command("XADD", "big:stream", `${at}-0`, "f", "v");
    const sizes = { set: 2500, list: 2500, zset: 2500, string: 2500, stream: 250, array: 2500, vectorset: 250 };
    for (const [key, size] of Object.entries(sizes)) {
      const seen: string[] = [];
      let pages = 0;
      for (let cursor: string | null = ""; cursor !== null; pages++) {
        const { body } = await api.send("GET", `/v1/keys/big:${key}?count=97&cursor=${cursor}`);
        seen.push(...[...body.value].map((one) => (typeof one === "string" ? one : JSON.stringify(one))));
        cursor = body.next;
      }
      expect(pages).toBeGreaterThan(2);
      expect([key, key === "string" ? seen.length : new Set(seen).size]).toEqual([key, size]);
    }
  }, 60_000);

  test("is deleted, and has its time to live changed", async () => {
    await api.command("SET", "t", 1);
    expect((await api.send("PUT", "/v1/keys/t/ttl", { ttl_ms: 5000 })).body).toEqual({ changed: true });
    expect((await api.command("PTTL", "t")).result).toBeGreaterThan(0);
    expect((await api.send("PUT", "/v1/keys/t/ttl", { ttl_ms: null })).body).toEqual({ changed: true });
    expect((await api.command("PTTL", "t")).result).toBe(-1);
    expect((await api.send("DELETE", "/v1/keys/t")).body).toEqual({ deleted: true });
    expect((await api.send("DELETE", "/v1/keys/t")).body).toEqual({ deleted: false });
    const none = await api.send("GET", "/v1/keys/t");
    expect([none.status, none.body.error.code]).toEqual([404, "NOKEY"]);
  });

  test("is left as it was by a value that does not fit", async () => {
    await api.command("SET", "stays", 1);
    for (const body of [
      { type: "list", value: [] },
      { type: "zset", value: [{ member: "m", score: "many" }] },
      {
        type: "stream",
        value: [
          { id: "2-0", fields: [["f", "v"]] },
          { id: "1-0", fields: [["f", "v"]] },
        ],
      },
      { type: "dump", value: { dump: "AAAA" } },
      { type: "nosuch", value: "v" },
      { type: "string", value: "v", ttl_ms: 0 },
    ]) {
      expect([body, (await api.send("PUT", "/v1/keys/stays", body)).status]).toEqual([body, 400]);
    }
    expect((await api.command("GET", "stays")).result).toBe("1");
  });

  test("is what the user may reach, and no more", async () => {
    await api.command("ACL", "SETUSER", "own", "on", ">pw", "~own:*", "+@all");
    const headers = basic("own", "pw");
    expect((await api.send("PUT", "/v1/keys/own:a", { type: "string", value: "v" }, headers)).status).toBe(200);
    expect((await api.send("PUT", "/v1/keys/other", { type: "string", value: "v" }, headers)).status).toBe(403);
    expect((await api.send("GET", "/v1/keys/stays", undefined, headers)).status).toBe(403);
  });
});

test("all keys are listed once, by pattern and type, with their facts", async () => {
  const names = Array.from({ length: 300 }, (_, index) => `list:${index}`);
  await api.send("POST", "/v1/pipeline", { commands: names.map((name) => ["SET", name, 1, "PX", 100_000]), db: 3 });
  await api.send("POST", "/v1/command", { command: ["SADD", "list:set", 1], db: 3 });
  const found: { key: string; type: string; ttl_ms: number }[] = [];
  for (let cursor: string | null = "0"; cursor !== null; ) {
    const { body } = await api.send("GET", `/v1/keys?db=3&match=list:*&type=string&count=50&cursor=${cursor}`);
    found.push(...body.keys);
    cursor = body.next;
  }
  expect(found.map(({ key }) => key).sort()).toEqual(names.sort());
  expect(found.every(({ type, ttl_ms }) => type === "string" && ttl_ms > 90_000)).toBe(true);
});
