/** CONFIG SET of `tls-port`: the TLS directives are looked at where there is one. */
import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAuthority } from "../harness/certificates.ts";
import { errorLike, ok } from "../harness/expected.ts";
import { show, textOf } from "../harness/resp.ts";
import { freePort, startServer } from "../harness/server.ts";
import { check } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";
import { Wire } from "../harness/wire.ts";

/** The fields of INFO tls, without the `tls_` before each. */
async function tlsFacts(wire: Wire): Promise<Record<string, string>> {
  const lines = textOf(await wire.call("INFO tls")).matchAll(/^tls_(\w+):(.*?)\r?$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
}

test.skipIf(isOracle)("TLS begins and ends with CONFIG SET tls-port, once the directives are right", async () => {
  const folder = mkdtempSync(join(tmpdir(), "zedis-tls-"));
  const authority = makeAuthority("Test CA");
  const { certificate, key } = authority.sign("server", { hosts: ["127.0.0.1"] });
  for (const [name, text] of Object.entries({ certificate, key })) writeFileSync(join(folder, name), text);
  const server = await startServer();
  const wire = await server.connect();
  const port = freePort();
  const ping = async () => {
    try {
      const sealed = await Wire.connect({ hostname: "127.0.0.1", port, tls: { ca: authority.certificate } });
      const reply = show(await sealed.call("PING"));
      await sealed.close();
      return reply;
    } catch {
      return "nobody";
    }
  };
  try {
    const refused = errorLike(/Unable to update TLS configuration/);
    const files = ["tls-cert-file", join(folder, "certificate"), "tls-key-file", join(folder, "key")];
    await check(wire, [
      ["CONFIG SET tls-cert-file /none.crt", ok],
      [`CONFIG SET tls-port ${port}`, refused],
      [["CONFIG", "SET", ...files.slice(0, 2), "tls-port", String(port)], refused],
      ["CONFIG GET tls-port", ["tls-port", "0"]],
      [["CONFIG", "SET", "tls-port", String(port), "tls-auth-clients", "no", ...files], ok],
    ]);
    expect(await ping()).toBe("+PONG");
    const { serialNumber, validTo } = new X509Certificate(certificate);
    const facts = await tlsFacts(wire);
    expect([facts.server_cert_serial, facts.client_cert_serial, facts.ca_cert_serial]).toEqual([
      serialNumber,
      "none",
      "none",
    ]);
    const leftS = (Date.parse(validTo) - Date.now()) / 1000;
    expect(Math.abs(Number(facts.server_cert_expires_in_seconds) - leftS)).toBeLessThan(60);
    await check(wire, [["CONFIG SET tls-port 0", ok]]);
    expect(await ping()).toBe("nobody");
    expect((await tlsFacts(wire)).server_cert_serial).toBe("none");
    expect(show(await wire.call("PING"))).toBe("+PONG");
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});
