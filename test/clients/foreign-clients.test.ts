/**
 * One program on asynq, a queue of jobs in Lua, and one each on redis-py, go-redis and Jedis: a job queue, a leaderboard and a cache with all data types, blocking, consumer groups,
 * pub/sub, pipelines, WATCH, iterators and a TypeScript procedure. The programs assert every reply themselves.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAuthority } from "../harness/certificates.ts";
import { freePort, type Server, startServer } from "../harness/server.ts";
import { type Program, prepare, run } from "./toolchains.ts";

const PROCEDURES = join(import.meta.dir, "shop.ts");
const limit_ms = 120_000;

let server: Server;
// Both are given: with two listeners the server's first words do not tell which is which.
const [port, tlsPort] = [freePort(), freePort()];
const folder = mkdtempSync(join(tmpdir(), "zedis-clients-"));
const authority = join(folder, "ca.crt");
/** Where the programs were made. */
const homes: string[] = [];

beforeAll(async () => {
  const made = makeAuthority("Clients' CA");
  const { certificate, key } = made.sign("localhost", { hosts: ["localhost", "127.0.0.1"] });
  writeFileSync(authority, made.certificate);
  writeFileSync(join(folder, "server.crt"), certificate);
  writeFileSync(join(folder, "server.key"), key, { mode: 0o600 });
  server = await startServer({
    options: {
      port: String(port),
      "tls-port": String(tlsPort),
      "tls-cert-file": join(folder, "server.crt"),
      "tls-key-file": join(folder, "server.key"),
      "tls-ca-cert-file": authority,
      "tls-auth-clients": "no",
    },
  });
}, limit_ms);
afterAll(async () => {
  await server.stop();
  for (const made of [folder, ...homes]) rmSync(made, { recursive: true, force: true });
});

/** A program's run in each way that `ways` names, `words` being what it is started with. */
function client(name: string, program: Program | { missing: string }, ways: Record<string, () => string[]>): void {
  if ("folder" in program) homes.push(program.folder);
  describe(name, () => {
    for (const [way, words] of Object.entries(ways)) {
      // Not every machine has every toolchain; the title says what is missing. `.ci/run` requires those that are there.
      const missing = "missing" in program ? ` [skipped: ${program.missing}]` : "";
      test.skipIf("missing" in program)(
        `gets every reply it expects over ${way}${missing}`,
        async () => {
          const { command, folder: home } = program as Program;
          const { exitCode, output } = await run([...command, ...words()], home);
          expect(output.trim().split("\n").slice(-25).join("\n")).toEndWith("ok");
          expect(exitCode).toBe(0);
        },
        limit_ms,
      );
    }
  });
}

const hostAndPort = () => ["127.0.0.1", String(port)];

client("redis-py", await prepare("python"), {
  RESP2: () => [...hostAndPort(), "2", PROCEDURES],
  RESP3: () => [...hostAndPort(), "3", PROCEDURES],
  "RESP2 and TLS": () => ["127.0.0.1", String(tlsPort), "2", PROCEDURES, authority],
  "RESP3 and TLS": () => ["127.0.0.1", String(tlsPort), "3", PROCEDURES, authority],
});

client("go-redis", await prepare("go"), {
  RESP2: () => [`127.0.0.1:${port}`, "2", PROCEDURES],
  RESP3: () => [`127.0.0.1:${port}`, "3", PROCEDURES],
});

client("Jedis", await prepare("java"), {
  RESP2: () => [...hostAndPort(), "2", PROCEDURES],
  RESP3: () => [...hostAndPort(), "3", PROCEDURES],
});

client("asynq", await prepare("asynq"), { RESP3: () => [`127.0.0.1:${port}`] });
