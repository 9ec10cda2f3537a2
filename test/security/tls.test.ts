/** TLS: what it carries, whom it lets in, what it makes of those who speak something else. On both ways of doing I/O. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSOptions } from "bun";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { type Certificate, makeAuthority } from "../harness/certificates.ts";
import { errorLike, like, ok } from "../harness/expected.ts";
import { Random } from "../harness/random.ts";
import { itemsOf, mapOf, textOf } from "../harness/resp.ts";
import { freePort, type Server, StartFailure, startServer } from "../harness/server.ts";
import { check } from "../harness/suite.ts";
import { isOracle } from "../harness/target.ts";
import { within } from "../harness/wait.ts";
import { ByteSocket, Wire } from "../harness/wire.ts";

setDefaultTimeout(60_000);

const authority = makeAuthority("Test CA");
const stranger = makeAuthority("Another CA").sign("alice");
const serverCertificate = authority.sign("server", { hosts: ["localhost", "127.0.0.1"] });
const alice = authority.sign("alice", { uri: "spiffe://test/bob" });

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "zedis-tls-"));
  put("ca.crt", authority.certificate);
  put("server.crt", serverCertificate.certificate);
  put("server.key", serverCertificate.key);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a file; gives its path. */
function put(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

type TlsServer = Server & { readonly tlsPort: number };

async function startTls(options: Readonly<Record<string, string>> = {}): Promise<TlsServer> {
  const tlsPort = freePort();
  const server = await startServer({
    options: {
      port: String(freePort()),
      "tls-port": String(tlsPort),
      "tls-cert-file": join(folder, "server.crt"),
      "tls-key-file": join(folder, "server.key"),
      "tls-ca-cert-file": join(folder, "ca.crt"),
      "tls-auth-clients": "no",
      ...options,
    },
  });
  return Object.assign(server, { tlsPort });
}

function options(client?: Certificate): TLSOptions {
  const own = client === undefined ? {} : { cert: client.certificate, key: client.key };
  return { ca: authority.certificate, rejectUnauthorized: true, serverName: "localhost", ...own };
}

const connect = ({ tlsPort }: { tlsPort: number }, client?: Certificate): Promise<Wire> =>
  Wire.connect({ hostname: "127.0.0.1", port: tlsPort, tls: options(client) });

/** Did the server end the connection without answering? */
async function isRefused(server: { tlsPort: number }, client?: Certificate): Promise<boolean> {
  try {
    const wire = await connect(server, client);
    const reply = await within(10_000, "an answer or the end", wire.call("PING")).then(
      () => false,
      () => true,
    );
    await wire.close();
    return reply;
  } catch {
    return true;
  }
}

for (const io of isOracle ? ["redis"] : ["auto", "epoll"]) {
  describe(`TLS, --io ${io}`, () => {
    let server: TlsServer;
    beforeAll(async () => {
      server = await startTls(isOracle ? {} : { io });
    });
    afterAll(async () => {
      await server.stop();
    });

    test("carries requests and replies beside plain connections", async () => {
      const [sealed, plain] = [await connect(server), await server.connect()];
      await check(sealed, [
        ["SET k v", ok],
        ["CLIENT LIST", like(/addr=127\.0\.0\.1:/)],
      ]);
      await check(plain, [["GET k", "v"]]);
      await sealed.close();
      await plain.close();
    });

    test("carries long pipelines and large values both ways", async () => {
      const wire = await connect(server);
      await wire.call("DEL n");
      const replies = await wire.pipeline(Array.from({ length: 20_000 }, () => "INCR n"));
      expect(replies.at(-1)).toEqual({ kind: "integer", value: 20_000 });
      const large = noise(new Random(7), 12 << 20);
      await check(wire, [[["SET", "large", large], ok]]);
      const got = await wire.pipeline(["GET large", "GET large", "PING"]);
      const same = got.map((reply) => reply.kind === "bulk" && Buffer.compare(reply.bytes, large) === 0);
      expect(same).toEqual([true, true, false]);
      await wire.close();
    });

    test("a slow reader gets all of its replies", async () => {
      const wire = await connect(server);
      await wire.call(["SET", "v", "x".repeat(100_000)]);
      wire.bytes.pause();
      const replies = wire.pipeline(Array.from({ length: 200 }, () => "GET v"));
      await Bun.sleep(200);
      wire.bytes.resume();
      expect((await replies).every((reply) => reply.kind === "bulk" && reply.bytes.length === 100_000)).toBe(true);
      await wire.close();
    });

    test("many connections at once are served", async () => {
      const wires = await Promise.all(Array.from({ length: 50 }, () => connect(server)));
      await Promise.all(wires.map((wire, index) => check(wire, [[`ECHO ${index}`, `${index}`]])));
      await Promise.all(wires.map((wire) => wire.close()));
    });

    test("plain text and garbage end the connection, and nothing else", async () => {
      const random = new Random(11);
      const openings = [
        Buffer.from("PING\r\n"),
        Buffer.from("*1\r\n$4\r\nPING\r\n"),
        Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        Buffer.from([0x16, 0x03, 0x01, 0xff, 0xff]),
        Buffer.from([0x16, 0x03, 0x01, 0x00, 0x00]),
        Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]),
        ...Array.from({ length: 60 }, () => noise(random, 1 + random.below(600))),
        // The beginning of a record that a client might send, and nonsense in it.
        ...Array.from({ length: 60 }, () => {
          const body = noise(random, 1 + random.below(300));
          return Buffer.concat([Buffer.from([0x16, 0x03, 0x01, body.length >> 8, body.length & 0xff]), body]);
        }),
      ];
      const wire = await connect(server);
      await Promise.all(
        openings.map(async (bytes) => {
          const socket = await ByteSocket.open({ hostname: "127.0.0.1", port: server.tlsPort });
          socket.write(bytes);
          await Bun.sleep(20);
          socket.close();
          await socket.closed;
        }),
      );
      await check(wire, [["PING", like(/PONG/)]]);
      await wire.close();
    });

    test("bytes changed on their way end the connection", async () => {
      const random = new Random(13);
      for (let round = 0; round < 20; round++) {
        const wire = await connectThrough(server.tlsPort, (bytes, passed) => {
          // The handshake passes; of what follows a byte is another one.
          if (passed > 2000) bytes[random.below(bytes.length)] = random.below(256);
        });
        await wire.call("PING").catch(() => undefined);
        await wire.pipeline(Array.from({ length: 50 }, () => ["SET", "changed", "y".repeat(100)])).catch(() => []);
        wire.bytes.abort();
      }
      const wire = await connect(server);
      await check(wire, [["PING", like(/PONG/)]]);
      await wire.close();
    });

    test("ioredis, node-redis and redis-cli speak it", async () => {
      const redis = new Redis({
        host: "127.0.0.1",
        port: server.tlsPort,
        tls: { ca: authority.certificate, servername: "localhost" },
      });
      expect(await redis.set("by", "ioredis")).toBe("OK");
      expect(await redis.pipeline().get("by").incr("count").exec()).toEqual([
        [null, "ioredis"],
        [null, expect.any(Number)],
      ]);
      redis.disconnect();
      const node = createClient({
        socket: {
          host: "127.0.0.1",
          port: server.tlsPort,
          tls: true,
          ca: authority.certificate,
          servername: "localhost",
        },
      });
      await node.connect();
      expect(await node.get("by")).toBe("ioredis");
      node.destroy();
      if (Bun.which("redis-cli") !== null) {
        const args = ["-p", String(server.tlsPort), "--tls", "--cacert", join(folder, "ca.crt"), "GET", "by"];
        expect(Bun.spawnSync(["redis-cli", ...args]).stdout.toString()).toBe("ioredis\n");
      }
    });

    test("a new certificate serves new connections at once; a wrong one changes nothing", async () => {
      const own = await startTls(isOracle ? {} : { io });
      const plain = await own.connect();
      const before = await connect(own);
      const other = authority.sign("other", { hosts: ["localhost"] });
      const [certificate, key] = [put("other.crt", other.certificate), put("other.key", other.key)];
      await check(plain, [
        [["CONFIG", "SET", "tls-cert-file", certificate], errorLike(/Unable to update TLS configuration/)],
        ["CONFIG GET tls-cert-file", ["tls-cert-file", join(folder, "server.crt")]],
      ]);
      expect(await isRefused(own)).toBe(false);
      await check(plain, [[["CONFIG", "SET", "tls-cert-file", certificate, "tls-key-file", key], ok]]);
      expect(await peerName(own.tlsPort)).toBe("other");
      await check(before, [["PING", like(/PONG/)]]);
      await Promise.all([plain.close(), before.close()]);
      await own.stop();
    });

    test("port 0 leaves TLS alone", async () => {
      if (isOracle) return;
      const tlsPort = freePort();
      const args = { port: "0", "tls-port": String(tlsPort), "tls-auth-clients": "no", io };
      const own = await startServer({
        options: { ...args, "tls-cert-file": join(folder, "server.crt"), "tls-key-file": join(folder, "server.key") },
      });
      expect(own.port).toBe(tlsPort);
      const wire = await connect({ tlsPort });
      expect(textOf(await wire.call("INFO server"))).toMatch(
        new RegExp(`tcp_port:${tlsPort}\r\n[\\s\\S]*listener0:name=tls,bind=127.0.0.1,port=${tlsPort}\r\n`),
      );
      await wire.close();
      await own.stop();
    });
  });
}

describe("client certificates", () => {
  test("are wanted by default, of the authority's making", async () => {
    const server = await startTls({ "tls-auth-clients": "yes" });
    expect([await isRefused(server), await isRefused(server, stranger), await isRefused(server, alice)]).toEqual([
      ...[true, true, false],
    ]);
    await server.stop();
  });

  test("may be left out where they are optional, but not be another's", async () => {
    const server = await startTls({ "tls-auth-clients": "optional" });
    expect([await isRefused(server), await isRefused(server, stranger), await isRefused(server, alice)]).toEqual([
      ...[false, true, false],
    ]);
    await server.stop();
  });

  test.skipIf(isOracle)("say who the client is where tls-auth-clients-user asks for it", async () => {
    const server = await startTls({ "tls-auth-clients": "optional", "tls-auth-clients-user": "cn" });
    const admin = await server.connect();
    await check(admin, [["ACL SETUSER alice on +acl|whoami +ping", ok]]);
    const wire = await connect(server, alice);
    await check(wire, [
      ["ACL WHOAMI", "alice"],
      ["GET k", errorLike(/^NOPERM User alice /)],
    ]);
    const anonymous = await connect(server);
    await check(anonymous, [["ACL WHOAMI", "default"]]);
    await check(admin, [
      ["ACL SETUSER alice off", ok],
      ["ACL SETUSER spiffe://test/bob on +acl|whoami", ok],
    ]);
    const unknown = await connect(server, alice);
    await check(unknown, [["ACL WHOAMI", "default"]]);
    const [entry] = itemsOf(await admin.call("ACL LOG")).map(mapOf);
    expect([textOf(entry?.get("reason")), textOf(entry?.get("object"))]).toEqual(["tls-cert", "alice"]);
    await check(admin, [["CONFIG SET tls-auth-clients-user uri", ok]]);
    const byUri = await connect(server, alice);
    await check(byUri, [["ACL WHOAMI", "spiffe://test/bob"]]);
    for (const client of [admin, wire, anonymous, unknown, byUri]) await client.close();
    await server.stop();
  });
});

describe.skipIf(isOracle)("the TLS directives", () => {
  const refusal = (wanted: Readonly<Record<string, string>>) =>
    startTls(wanted).then(
      async (server) => {
        await server.stop();
        return "started";
      },
      (error: unknown) => (error instanceof StartFailure ? error.output : String(error)),
    );

  test("that cannot be met stop the start and say why", async () => {
    for (const [wanted, reason] of [
      [{ "tls-cert-file": "" }, /No tls-cert-file configured!/],
      [{ "tls-key-file": join(folder, "none.key") }, /Failed to load tls-key-file: .*none\.key: No such file/],
      [{ "tls-auth-clients": "yes", "tls-ca-cert-file": "" }, /Either tls-ca-cert-file or tls-ca-cert-dir must be/],
      [{ "tls-protocols": "TLSv1 TLSv1.1" }, /TLSv1 is not offered, only TLSv1\.2 and TLSv1\.3 are/],
      [{ "tls-ciphers": "AES128-SHA" }, /'AES128-SHA' is not offered; there are ECDHE-ECDSA-AES256-GCM-SHA384/],
      [{ "tls-key-file": join(folder, "server.crt") }, /tls-key-file holds no usable key/],
    ] as const) {
      expect(await refusal(wanted)).toMatch(reason);
    }
  });

  test("choose protocols, and open keys under a password", async () => {
    const key = put("locked.key", serverCertificate.encryptedKey("secret"));
    const server = await startTls({
      "tls-protocols": "TLSv1.2",
      "tls-ciphers": "DEFAULT:!ECDHE-ECDSA-AES256-GCM-SHA384",
      "tls-key-file": key,
      "tls-key-file-pass": "secret",
      "tls-session-caching": "no",
    });
    expect(await isRefused(server)).toBe(false);
    await server.stop();
    expect(await refusal({ "tls-key-file": key, "tls-key-file-pass": "wrong" })).toMatch(/cannot be opened with/);
  });

  test("take authorities from a folder", async () => {
    const server = await startTls({ "tls-ca-cert-file": "", "tls-ca-cert-dir": folder, "tls-auth-clients": "yes" });
    expect([await isRefused(server, stranger), await isRefused(server, alice)]).toEqual([true, false]);
    await server.stop();
  });
});

function noise(random: Random, bytes: number): Buffer {
  const made = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at++) made[at] = random.below(256);
  return made;
}

/** A connection whose bytes to the server pass through `change`. */
async function connectThrough(port: number, change: (bytes: Buffer, passed: number) => void): Promise<Wire> {
  const listener = Bun.listen<{ peer: Promise<ByteSocket>; passed: number }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        const peer = ByteSocket.open({ hostname: "127.0.0.1", port });
        socket.data = { peer, passed: 0 };
        void peer.then((own) => {
          own.onBytes = () => {
            socket.write(own.received);
            own.discard(own.received.length);
          };
          own.onClose = () => socket.end();
        });
      },
      async data(socket, chunk) {
        const bytes = Buffer.from(chunk);
        change(bytes, socket.data.passed);
        socket.data.passed += bytes.length;
        (await socket.data.peer).write(bytes);
      },
      async close(socket) {
        (await socket.data.peer).close();
        listener.stop();
      },
    },
  });
  return Wire.connect({ hostname: "127.0.0.1", port: listener.port, tls: options() });
}

/** The common name of the certificate that a server shows. */
function peerName(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    void Bun.connect({
      hostname: "127.0.0.1",
      port,
      tls: options(),
      socket: {
        data() {},
        handshake(socket) {
          const { subject } = socket.getPeerCertificate() as { subject?: { CN?: string } };
          resolve(subject?.CN ?? "");
          socket.end();
        },
        error: (_, error) => reject(error),
      },
    });
  });
}
