/** What is made of bytes from HTTP, and of lines of MONITOR, never throws and never lets anybody in. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Guard } from "../../src/admin/guard.ts";
import { infoSections, linesOfFields } from "../../src/admin/info.ts";
import { argumentBytes, toJson } from "../../src/admin/json.ts";
import { login } from "../../src/admin/login.ts";
import { monitorLine } from "../../src/admin/monitor-line.ts";
import { Tokens } from "../../src/admin/tokens.ts";
import { encodeRequest, ProtocolError, ReplyReader } from "../../src/resp/resp.ts";

const seed = Number(process.env.FUZZ_SEED ?? 1);
const numRuns = Number(process.env.FUZZ_ROUNDS ?? 2_000);
const folder = mkdtempSync(join(tmpdir(), "zedis-fuzz-"));
const tokens = new Tokens(
  (user) => (user === "u" ? Buffer.from("digest") : null),
  () => folder,
);
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array).toString("latin1"));
const check = (property: fc.IProperty<[string]>): void => fc.assert(property, { seed, numRuns });

afterAll(() => rmSync(folder, { recursive: true }));

test("no bytes are a token, and a token with a byte changed is none", () => {
  const { token } = tokens.make("u", 1000);
  check(fc.property(bytes, (given) => expect(tokens.userOf(given)).toBeNull()));
  check(
    fc.property(bytes, (given) =>
      expect(tokens.userOf(`zt1.${Buffer.from(given).toString("base64url")}.x`)).toBeNull(),
    ),
  );
  for (let at = 0; at < token.length; at++) {
    const changed = `${token.slice(0, at)}${token[at] === "B" ? "C" : "B"}${token.slice(at + 1)}`;
    // The last character of a MAC has two bits that mean nothing.
    if (at < token.length - 1) expect(tokens.userOf(changed)).toBeNull();
  }
});

test("no Authorization lets anybody in whom the users do not", () => {
  const native = {
    accepts: (user: string, password: string) => user === "u" && password === "secret-of-u",
    noteRefused: () => {},
  };
  const header = fc.oneof(
    bytes.map((text) => text.replace(/[\r\n\0]/g, "").trim()),
    bytes.map((text) => `Basic ${Buffer.from(text).toString("base64")}`),
    bytes.map((text) => `Bearer ${text.replace(/[\r\n\0]/g, "").trim()}`),
  );
  check(
    fc.property(header, (authorization) => {
      const request = new Request("http://localhost/", { headers: { authorization } });
      const answer = login(request, "127.0.0.1", { native, userOfToken: (token) => tokens.userOf(token) });
      expect(answer).toBeInstanceOf(Response);
    }),
  );
});

test("no name but its own reaches the server", () => {
  const guard = new Guard({ allowedHosts: () => "zedis.example", ratePerSecond: () => 0 });
  const host = fc.domain().filter((name) => name !== "zedis.example");
  check(
    fc.property(host, (name) => {
      const request = new Request("http://x/", { headers: { host: name } });
      expect(guard.refuse(request, "127.0.0.1")?.status).toBe(403);
    }),
  );
});

test("texts of the server are read whatever they hold", () => {
  check(
    fc.property(bytes, (given) => {
      monitorLine(given);
      monitorLine(`1.5 [0 ${given}] "${given}"`);
      infoSections(given.replaceAll("a", "\r\n# "));
      linesOfFields(given);
    }),
  );
});

test("replies become JSON whatever they hold, and arguments keep their bytes", () => {
  const part = fc.constantFrom(
    "*2\r\n",
    "%1\r\n",
    "~1\r\n",
    "$2\r\n\xff\xfe\r\n",
    ":1\r\n",
    ",inf\r\n",
    "_\r\n",
    "#t\r\n",
    "(12\r\n",
    "-E x\r\n",
  );
  check(
    fc.property(
      fc.array(part, { maxLength: 20 }).map((parts) => parts.join("")),
      (given) => {
        const reader = new ReplyReader();
        reader.push(Buffer.from(given, "latin1"));
        try {
          for (let reply = reader.next(); reply !== undefined; reply = reader.next()) JSON.stringify(toJson(reply));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      },
    ),
  );
  check(
    fc.property(bytes, (given) => {
      const base64 = Buffer.from(given, "latin1").toString("base64");
      expect(argumentBytes({ base64 })).toBe(given);
      expect(encodeRequest([argumentBytes({ base64 })]).length).toBeGreaterThan(given.length);
    }),
  );
});
