/**
 * `bun run profile`: counts which ways the native store's code goes under the loads of the bench, and writes the profile that a release
 * build with this compiler is laid out by (native/profile). About ten minutes; on a machine that does nothing else it is the same one.
 *
 *     library that counts (-Cprofile-generate) ─▶ every load row, on one core without a log and on two with one
 *                                               ─▶ random commands of every type (the differential tester)
 *                                               ─▶ save, load, rewrite; TLS ─▶ llvm-profdata merge ─▶ native/profile/<compiler>.profdata
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LIBRARY_NAME } from "../src/core/prebuilt.ts";
import { makeAuthority } from "../test/harness/certificates.ts";
import { Wire } from "../test/harness/wire.ts";
import { LOAD_ROWS } from "./load-rows.ts";
import { buildLoadgen } from "./loadgen.ts";
import { measureLoads, preload } from "./measure-load.ts";
import { findReference, Server, zedisCommand } from "./server.ts";

const ROOT = join(import.meta.dir, "..");
const NATIVE = join(ROOT, "native");
const TARGET = join(NATIVE, "target/counting");
const SECONDS_A_ROW = 0.5;
/** Two of the loads, one of files, one of TLS, and at least one of the random commands. */
const SERVERS = 5;
const KEYS_SAVED = 300_000;
const TLS_REQUESTS = 20_000;

const note = (text: string) => console.error(`· ${text}`);
const settings = { serverCpu: 0, clientCpu: 1 };

/** Throws, with the remedy, when a program that is needed is not there or fails. */
async function main(): Promise<void> {
  const merge = profdataProgram();
  if (findReference() === null) throw new Error("the random commands need a redis-server on this machine");
  const raw = mkdtempSync(join(tmpdir(), "zedis-profile-"));
  try {
    buildLoadgen();
    note("a library that counts");
    run(["cargo", "build", "--release", "--locked", "--lib"], {
      CARGO_TARGET_DIR: TARGET,
      RUSTFLAGS: `-Cprofile-generate=${raw} --cfg zedis_profile`,
    });
    // What the compiler's own runs have left.
    for (const file of readdirSync(raw)) rmSync(join(raw, file));
    process.env.ZEDIS_LIB = join(TARGET, "release", LIBRARY_NAME);
    process.env.LLVM_PROFILE_FILE = join(raw, "%p.profraw");
    await countLoads();
    await countFiles();
    await countTls();
    note("random commands");
    run([process.execPath, "test/commands/differential.ts", "--seed", "1", "--minutes", "0.5"], {}, ROOT);
    const files = readdirSync(raw).map((file) => join(raw, file));
    if (files.length < SERVERS) throw new Error(`${files.length} servers of ${SERVERS} have written what they counted`);
    const profile = Bun.spawnSync([join(NATIVE, "build.sh"), "--profile-path"])
      .stdout.toString()
      .trim();
    mkdirSync(join(profile, ".."), { recursive: true });
    run([merge, "merge", "--sparse", "-o", profile, ...files]);
    note(`${profile}: ${Bun.file(profile).size} bytes, of ${files.length} processes`);
  } finally {
    rmSync(raw, { recursive: true, force: true });
  }
}

/** Every row, on one core and on two that share a CPU and write a log. */
async function countLoads(): Promise<void> {
  const [a, b] = [
    zedisCommand(1),
    { ...zedisCommand(2), command: zedisCommand(2).command.replace("--appendonly no", "--appendonly yes") },
  ];
  const results = await measureLoads(LOAD_ROWS, {
    a,
    b,
    peer: null,
    rounds: 1,
    seconds: SECONDS_A_ROW,
    ...settings,
    note,
  });
  for (const { row, failed } of results) if (failed !== null) throw new Error(`${row.name}: ${failed}`);
}

/** A snapshot written and read, a log rewritten, and commands that wait for the disk. */
async function countFiles(): Promise<void> {
  note("files");
  const command = `${zedisCommand(1).command.replace("--appendonly no", "--appendonly yes")} --appendfsync always --enable-debug-command yes`;
  const server = await Server.start({ label: "Zedis", command }, settings.serverCpu);
  try {
    await preload(server, "SET key:__key__ __val__", KEYS_SAVED, settings);
    await preload(server, "HSET hsh:__key__ a __val__ b __val__", KEYS_SAVED / 10, settings);
    await preload(server, "ZADD zsets __rnd:0-899999__ __key__", KEYS_SAVED / 10, settings);
    for (const words of [["SAVE"], ["DEBUG", "RELOAD"], ["BGREWRITEAOF"], ["DEBUG", "LOADAOF"]])
      await server.command(...words);
  } finally {
    await server.stop();
  }
}

async function countTls(): Promise<void> {
  note("TLS");
  const folder = mkdtempSync(join(tmpdir(), "zedis-profile-tls-"));
  try {
    const authority = makeAuthority("Profile");
    const { certificate, key } = authority.sign("server", { hosts: ["localhost"] });
    writeFileSync(join(folder, "cert.pem"), certificate);
    writeFileSync(join(folder, "key.pem"), key);
    const port = 20_000 + (process.pid % 20_000);
    const files = `--tls-cert-file ${folder}/cert.pem --tls-key-file ${folder}/key.pem --tls-auth-clients no`;
    const command = `${zedisCommand(1).command} --tls-port ${port} ${files}`;
    const server = await Server.start({ label: "Zedis", command }, settings.serverCpu);
    try {
      const tls = { ca: authority.certificate, serverName: "localhost" };
      const wire = await Wire.connect({ hostname: "127.0.0.1", port, tls });
      for (let sent = 0; sent < TLS_REQUESTS; sent += 2) {
        await wire.call(["SET", `key:${sent % 1000}`, "a value of some length"]);
        await wire.call(["GET", `key:${sent % 1000}`]);
      }
      await wire.close();
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The compiler's own, or the one of this name on the PATH. */
function profdataProgram(): string {
  const sysroot = Bun.spawnSync(["rustc", "--print", "sysroot"], { cwd: NATIVE }).stdout.toString().trim();
  for (const path of new Bun.Glob("lib/rustlib/*/bin/llvm-profdata").scanSync({ cwd: sysroot })) {
    if (existsSync(join(sysroot, path))) return join(sysroot, path);
  }
  const found = Bun.which("llvm-profdata");
  if (found === null) throw new Error("llvm-profdata is needed: rustup component add llvm-tools");
  return found;
}

function run(command: string[], environment: Record<string, string> = {}, cwd = NATIVE): void {
  const done = Bun.spawnSync(command, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (done.exitCode !== 0) throw new Error(`${command.join(" ")}: exit code ${done.exitCode}`);
}

await main();
