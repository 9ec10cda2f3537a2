/**
 * The native library that a package brings along: `prebuilds/linux-x64/libzedis.so`. Run as a program, before `npm pack`, it puts the one
 * that is built here in its place for this platform; with `--remove` it takes it away again.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "../..");
const PREBUILDS = join(ROOT, "prebuilds");

/** What the library is called here. */
export const LIBRARY_NAME = process.platform === "darwin" ? "libzedis.dylib" : "libzedis.so";
/** `linux-x64`; libraries of other C libraries than glibc have a name of their own. */
export const PLATFORM = `${process.platform}-${process.arch}${isMusl() ? "-musl" : ""}`;

/** Where the library for this platform would be. */
export function prebuiltPath(): string {
  return join(PREBUILDS, PLATFORM, LIBRARY_NAME);
}

/** Platforms that this package brings a library for. */
export function prebuiltPlatforms(): string[] {
  return existsSync(PREBUILDS) ? readdirSync(PREBUILDS).sort() : [];
}

/** Alpine's C library is another one. */
function isMusl(): boolean {
  return existsSync("/etc/alpine-release");
}

if (import.meta.main) {
  const target = prebuiltPath();
  if (process.argv.includes("--remove")) {
    rmSync(dirname(target), { recursive: true, force: true });
    if (prebuiltPlatforms().length === 0) rmSync(PREBUILDS, { recursive: true, force: true });
  } else {
    const { build, builtPath } = await import("./build.ts");
    if (!build((line) => console.error(line))) process.exit(1);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(builtPath(), target);
  }
}
