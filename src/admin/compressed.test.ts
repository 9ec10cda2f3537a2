import { expect, test } from "bun:test";
import { acceptsGzip } from "../console/static-file.ts";
import { compressedFor } from "./compressed.ts";

const asking = (accepted?: string): Request =>
  new Request("http://localhost/v1/x", accepted === undefined ? {} : { headers: { "accept-encoding": accepted } });
const large = JSON.stringify(Array.from({ length: 2000 }, (_, index) => `item ${index}`));
const reply = (body: string, type = "application/json", status = 200): Response =>
  new Response(body, { status, headers: { "content-type": type, "cache-control": "no-store" } });

test("a long reply to another machine that takes gzip is compressed, and says so", async () => {
  const response = await compressedFor(asking("br, gzip"), false, reply(large, "application/json", 400));
  expect(response.status).toBe(400);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "cache-control": "no-store",
    "content-encoding": "gzip",
    "content-type": "application/json",
    vary: "accept-encoding",
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(bytes.length).toBeLessThan(large.length / 2);
  expect(Buffer.from(Bun.gunzipSync(bytes)).toString()).toBe(large);
});

test("nothing is compressed for this machine, for who does not take it, where it is short, or where it is a stream", async () => {
  for (const [accepted, isLocal, body, type] of [
    ["gzip", true, large, "application/json"],
    [undefined, false, large, "application/json"],
    ["gzip;q=0, br", false, large, "application/json"],
    ["gzip", false, "{}", "application/json"],
    ["gzip", false, large, "text/event-stream"],
  ] as const) {
    const response = await compressedFor(asking(accepted), isLocal, reply(body, type));
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(await response.text()).toBe(body);
  }
});

test("what a client accepts is read as RFC 9110 has it", () => {
  for (const yes of ["gzip", "br, GZIP", "deflate;q=0.5, gzip;q=0.1", "*", "x-gzip", "gzip, *;q=0"])
    expect([yes, acceptsGzip(yes)]).toEqual([yes, true]);
  for (const no of ["", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzip;q=0, *", "gzipped"])
    expect([no, acceptsGzip(no)]).toEqual([no, false]);
  expect(acceptsGzip(null)).toBe(false);
});
