/**
 * Starts a program of this package in Bun. Plain JavaScript, since npm and npx start it with Node, which reads no TypeScript in packages.
 *
 *     Bun already ─▶ imports it        bun on the PATH ─▶ runs it there        neither ─▶ npx fetches the Bun that this is tested with
 */
import { spawn } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const ROOT = resolve(import.meta.dirname, "..");

/** `program`: path from the package's root. Does not come back. */
export async function launch(program, argv = process.argv.slice(2)) {
  const path = join(ROOT, program);
  if (process.versions.bun !== undefined) {
    process.argv = [process.argv[0], path, ...argv];
    const { main } = await import(pathToFileURL(path).href);
    process.exit(await main(argv));
  }
  const bun = process.env.ZEDIS_BUN ?? onPath("bun");
  const command = bun === null ? ["npx", "-y", pinned(), path, ...argv] : [bun, path, ...argv];
  run(bun ?? onPath("npx"), command);
}

/** The version of Bun that package.json names: `bun@1.4.5`. */
function pinned() {
  return JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).packageManager;
}

function onPath(name) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not there.
    }
  }
  return null;
}

/** Takes this process's place where Node can do that; else stands before it and passes signals and the exit code on. */
function run(file, [, ...args]) {
  if (file === null) {
    console.error("zedis: Zedis runs in Bun, and there is neither bun nor npx on the PATH: https://bun.sh says how to install it.");
    process.exit(1);
  }
  if (typeof process.execve === "function") process.execve(file, [file, ...args]);
  const child = spawn(file, args, { stdio: "inherit" });
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => child.kill(name));
  child.on("error", (error) => {
    console.error(`zedis: ${file}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

// As a program: `node bin/launch.js src/core/prebuilt.ts`.
if (process.argv[1] === import.meta.filename) await launch(process.argv[2], process.argv.slice(3));
