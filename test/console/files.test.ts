/** The console's files as a browser gets them: how large, with which headers. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buildConsole } from "../../src/console/build.ts";
import { adminSuite } from "../admin/client.ts";

/** What the page may need before anything can be seen, compressed. */
const FIRST_LOAD_MAX = 300_000;

describe("the console's files", () => {
  const suite = adminSuite();

  /** The paths that a file names. */
  const named = (text: string): string[] => [...new Set(text.match(/\/console\/[\w.-]+\.(?:js|css)/g) ?? [])];
  const get = (path: string): Promise<Response> =>
    fetch(`${suite.server.http}${path}`, { decompress: false, headers: { "accept-encoding": "gzip" } });

  test("take less than 300 kB compressed, with the editor's part that is loaded later", async () => {
    const page = await (await fetch(`${suite.server.http}/`)).text();
    const wanted = named(page);
    expect(wanted.length).toBe(3);
    let size = page.length;
    for (let at = 0; at < wanted.length; at++) {
      const path = wanted[at] ?? "";
      const plain = await fetch(`${suite.server.http}${path}`);
      for (const further of named(await plain.text())) if (!wanted.includes(further)) wanted.push(further);
      const zipped = await get(path);
      expect(zipped.headers.get("content-encoding")).toBe("gzip");
      size += (await zipped.arrayBuffer()).byteLength;
    }
    expect(wanted.length).toBeGreaterThan(3);
    expect(size).toBeLessThan(FIRST_LOAD_MAX);
  }, 60_000);

  test("come without a login, and their page allows no script but its own", async () => {
    const page = await get("/");
    expect(page.status).toBe(200);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(page.headers.get("cache-control")).toBe("no-cache");
    expect(await (await fetch(`${suite.server.http}/`)).text()).not.toMatch(
      /<script>|<style>|https?:\/\/(?!www\.w3\.org)/,
    );
  });

  test("may be kept for ever where their name holds their hash", async () => {
    const [path = ""] = named(await (await fetch(`${suite.server.http}/`)).text());
    const file = await get(path);
    expect(file.headers.get("cache-control")).toContain("immutable");
    expect((await get("/console/main-00000000.js")).status).not.toBe(200);
    expect((await get("/console/../build.ts")).status).not.toBe(200);
    expect((await get("/console/%2e%2e%2fbuild.ts")).status).not.toBe(200);
  });

  test("lie alone once they are built: what an interrupted build left is swept, what another is making stays", async () => {
    const parent = mkdtempSync(join(tmpdir(), "zedis-console-test-"));
    try {
      for (const name of [".making-old", ".making-new", "0123456789abcdef"]) mkdirSync(join(parent, name));
      const anHourAgo = Date.now() / 1000 - 3_600;
      utimesSync(join(parent, ".making-old"), anHourAgo, anHourAgo);
      const folder = await buildConsole(parent);
      expect(readdirSync(parent).sort()).toEqual([".making-new", basename(folder)]);
    } finally {
      rmSync(parent, { recursive: true, force: true });
    }
  }, 60_000);
});
