/** What clients may keep: they are told whether it is still the same, and get it compressed. */
import { expect, test } from "bun:test";
import { adminSuite, basic } from "./client.ts";

const suite = adminSuite();
const get = (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> =>
  fetch(`${suite.server.http}${path}`, {
    method,
    decompress: false,
    headers: { "accept-encoding": "identity", ...headers },
  });

const KEPT = ["/", "/docs", "/docs.js", "/openapi.json"];

test("what is the same as before is not sent again", async () => {
  const script = /\/console\/main-[\w-]+\.js/.exec(await (await get("/")).text())?.[0] ?? "";
  for (const path of [...KEPT, script]) {
    const first = await get(path);
    const etag = first.headers.get("etag") ?? "";
    expect([path, etag]).toEqual([path, expect.stringMatching(/^W\/"\w{20}"$/)]);
    for (const known of [etag, etag.slice(2), `"other", ${etag}`, "*"]) {
      const again = await get(path, { "if-none-match": known });
      expect([path, known, again.status, await again.text()]).toEqual([path, known, 304, ""]);
      for (const name of ["etag", "cache-control", "vary"])
        expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
    expect((await get(path, { "if-none-match": '"other"' })).status).toBe(200);
    expect((await get(path, {}, "HEAD")).headers.get("etag")).toBe(etag);
  }
});

test("who takes gzip gets it, the same text under the same tag", async () => {
  for (const path of KEPT) {
    const [plain, zipped] = [await get(path), await get(path, { "accept-encoding": "gzip" })];
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(zipped.headers.get("content-encoding")).toBe("gzip");
    for (const { headers } of [plain, zipped]) expect(headers.get("vary")).toBe("accept-encoding");
    expect(zipped.headers.get("etag")).toBe(plain.headers.get("etag"));
    const [text, bytes] = [await plain.text(), await zipped.arrayBuffer()];
    expect(Buffer.from(Bun.gunzipSync(bytes)).toString()).toBe(text);
    expect(bytes.byteLength).toBeLessThan(text.length);
  }
});

test("the document is another one when other functions are loaded, and for who may not list them", async () => {
  const tagOf = async (headers = {}): Promise<string> =>
    (await get("/openapi.json", headers)).headers.get("etag") ?? "";
  const before = await tagOf();
  await suite.send("POST", "/v1/procedures", { source: "#!ts name=kept\nfunction kept() { return 1; }" });
  const after = await tagOf();
  expect(after).not.toBe(before);
  expect((await get("/openapi.json", { "if-none-match": before })).status).toBe(200);
  await suite.command("ACL", "SETUSER", "few", "on", ">word", "+get", "~*");
  expect(await tagOf(basic("few", "word"))).toBe(before);
  await suite.command("ACL", "SETUSER", "few", "+function|list");
  expect(await tagOf(basic("few", "word"))).toBe(after);
  expect((await get("/openapi.json")).headers.get("cache-control")).toBe("private, no-cache");
});
