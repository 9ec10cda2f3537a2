/**
 * Certificates for tests, made on the spot: an authority, and what it has signed. X.509 version 3 in DER, P-256 keys.
 *
 *     const authority = makeAuthority("Test CA");
 *     const server = authority.sign("server", { hosts: ["localhost"] });
 */
import { generateKeyPairSync, type KeyObject, sign as signBytes } from "node:crypto";

export interface Certificate {
  /** PEM */
  readonly certificate: string;
  /** PEM, PKCS #8 */
  readonly key: string;
  /** The same key under a password. */
  readonly encryptedKey: (password: string) => string;
}

export interface Authority extends Certificate {
  /** A certificate of this authority for `name`. `uri`: a further name, as SPIFFE has them. */
  sign(name: string, options?: { readonly hosts?: readonly string[]; readonly uri?: string }): Certificate;
}

export function makeAuthority(name: string): Authority {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = { name, key: pair.privateKey };
  const own = certificateOf(name, pair, issuer, [extension("2.5.29.19", sequence(der(0x01, [0xff])), true)]);
  return {
    ...own,
    sign(subject, { hosts = [], uri } = {}) {
      const names = hosts.map((host) =>
        /^[\d.]+$/.test(host) ? der(0x87, host.split(".").map(Number)) : der(0x82, Buffer.from(host)),
      );
      if (uri !== undefined) names.push(der(0x86, Buffer.from(uri)));
      const extensions = names.length === 0 ? [] : [extension("2.5.29.17", sequence(...names))];
      return certificateOf(subject, generateKeyPairSync("ec", { namedCurve: "P-256" }), issuer, extensions);
    },
  };
}

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

let serial = 1;

function certificateOf(
  subject: string,
  { publicKey, privateKey }: Pair,
  issuer: { readonly name: string; readonly key: KeyObject },
  extensions: readonly Buffer[],
): Certificate {
  const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"));
  const day = 86_400_000;
  const body = sequence(
    der(0xa0, der(0x02, [2])),
    der(0x02, [0x01, serial++ & 0x7f]),
    ecdsaWithSha256,
    nameOf(issuer.name),
    sequence(timeOf(Date.now() - day), timeOf(Date.now() + 30 * day)),
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    ...(extensions.length === 0 ? [] : [der(0xa3, sequence(...extensions))]),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), signBytes("sha256", body, issuer.key)]));
  return {
    certificate: pem("CERTIFICATE", sequence(body, ecdsaWithSha256, signature)),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    encryptedKey: (password) =>
      privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: password }).toString(),
  };
}

// ---- DER ----

function der(tag: number, content: Uint8Array | readonly number[]): Buffer {
  const bytes = Buffer.from(content as Uint8Array);
  const { length } = bytes;
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  const head = length < 0x80 ? [tag, length] : [tag, ...long];
  return Buffer.concat([Buffer.from(head), bytes]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const number of rest) {
    const digits = [number & 0x7f];
    for (let left = number >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return der(0x06, bytes);
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, Buffer.from(commonName)))));
}

function timeOf(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function extension(id: string, value: Uint8Array, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [der(0x01, [0xff])] : []), der(0x04, value));
}

function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
