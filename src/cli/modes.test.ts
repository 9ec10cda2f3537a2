/** zedis-cli's other ways to reach a server and to look at it: TLS, --eval, --bigkeys, --memkeys, --stat, --latency. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAuthority } from "../../test/harness/certificates.ts";
import { freePort, type Server, startServer } from "../../test/harness/server.ts";
import { hiddenTerminal } from "./terminal.ts";
import { runCli } from "./zedis-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "zedis-cli-"));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const authority = makeAuthority("Test CA");
const own = authority.sign("server", { hosts: ["elsewhere.example"] });
const client = authority.sign("client");
const ca = file("ca.crt", authority.certificate);
const other = file("other.crt", makeAuthority("Another CA").certificate);
const tlsPort = freePort();
let server: Server;

beforeAll(async () => {
  server = await startServer({
    kind: "zedis",
    options: {
      port: String(freePort()),
      "tls-port": String(tlsPort),
      "tls-cert-file": file("server.crt", own.certificate),
      "tls-key-file": file("server.key", own.key),
      "tls-ca-cert-file": ca,
      "tls-auth-clients": "optional",
      "tls-auth-clients-user": "cn",
    },
  });
  await cli("ACL", "SETUSER", "client", "on", "nopass", "~*", "+@all");
}, 60_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(argv: readonly string[]): Promise<{ out: string; err: string; code: number }> {
  const { terminal, printed } = hiddenTerminal();
  const code = await runCli(argv, terminal);
  return { ...printed, code };
}

async function cli(...argv: string[]): Promise<string> {
  const { out, err } = await run(["-p", String(server.port), ...argv]);
  return out + err;
}

async function overTls(...argv: string[]): Promise<string> {
  const { out, err } = await run(["-p", String(tlsPort), "--tls", ...argv]);
  return out + err;
}

test("TLS takes a server of the authority that is named, or any where that is asked for", async () => {
  expect(await overTls("--cacert", ca, "PING")).toBe("PONG\n");
  expect(await overTls("--insecure", "PING")).toBe("PONG\n");
  const { out } = await run(["-u", `rediss://127.0.0.1:${tlsPort}`, "--cacert", ca, "PING"]);
  expect(out).toBe("PONG\n");
});

test("TLS refuses every other server, and says why", async () => {
  expect(await overTls("PING")).toContain("unable to verify");
  expect(await overTls("--cacert", other, "PING")).toMatch(/Could not connect to Redis at .*(verify|issuer|self)/);
  expect(await overTls("--cacert", join(folder, "none"), "PING")).toContain("no such file");
});

test("TLS shows the client's certificate", async () => {
  const shown = ["--cert", file("client.crt", client.certificate), "--key", file("client.key", client.key)];
  expect(await overTls("--cacert", ca, ...shown, "ACL", "WHOAMI")).toBe("client\n");
  expect(await overTls("--cacert", ca, "ACL", "WHOAMI")).toBe("default\n");
});

test("--eval runs a file with keys, and with arguments behind a lone comma", async () => {
  const script = file("x.lua", "return {#KEYS, KEYS[1] or 'none', #ARGV, ARGV[2] or 'none'}");
  expect(await cli("--eval", script, "k1", ",", "a1", "a2")).toBe("1\nk1\n2\na2\n");
  expect(await cli("--eval", script, "k1", "k2")).toBe("2\nk1\n0\nnone\n");
  expect(await cli("--eval", script)).toBe("0\nnone\n0\nnone\n");
  expect(await cli("--eval", join(folder, "none.lua"))).toContain("Cannot read");
});

test("--bigkeys and --memkeys tell the largest of each type", async () => {
  await cli("FLUSHALL");
  await cli("MSET", "a", "1", "b", "x".repeat(297), "c", "12");
  await cli("RPUSH", "list", "x", "y");
  expect(await cli("--bigkeys")).toBe(
    [
      "type    keys  total   mean  largest",
      'string     3    300  100.0  "b" with 297 bytes',
      'list       1      2    2.0  "list" with 2 elements\n',
    ].join("\n"),
  );
  const [string] = JSON.parse(await cli("--memkeys", "--json", "--pattern", "[ab]"));
  expect(string).toMatchObject({ type: "string", keys: 2, unit: "bytes", largest: "b" });
  await cli("FLUSHALL");
  expect(await cli("--bigkeys")).toBe("There are no keys.\n");
});

test("--stat has a line of figures for each look, and --latency the times of a while", async () => {
  await cli("FLUSHALL");
  const lines = (await cli("--stat", "-r", "2", "-i", "0.01")).trimEnd().split("\n");
  expect(lines.length).toBe(3);
  expect(lines[0]).toMatch(/keys +memory +clients/);
  expect(lines[2]).toMatch(/^ +0 +[\d.]+ [KM]iB +\d+ +0 +\d+ +\d+ +\d+$/);
  expect(await cli("--latency", "-i", "0.05")).toMatch(/^\d+\.\d\d \d+\.\d\d \d+\.\d\d \d+\n$/);
});
