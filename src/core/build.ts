/**
 * Builds the native store if its sources changed since it was built last. Run as a program it builds and leaves; what
 * was built is told from a hash of the sources in a stamp beside the library.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { LIBRARY_NAME, PLATFORM, prebuiltPath, prebuiltPlatforms } from "./prebuilt.ts";

const ROOT = resolve(import.meta.dir, "../..");
const NATIVE = join(ROOT, "native");
/** Says by which profile, too. */
const BUILD_SCRIPT = join(NATIVE, "build.sh");

/**
 * Where the library is, or will be after a build. `ZEDIS_LIB` names another one, which is never built here; nor is one that the package
 * brings along.
 */
export function libraryPath(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.ZEDIS_LIB !== undefined) return environment.ZEDIS_LIB;
  return existsSync(prebuiltPath()) ? prebuiltPath() : builtPath(environment);
}

/** Where a build puts it, or `ZEDIS_LIB`. */
export function builtPath(environment: NodeJS.ProcessEnv = process.env): string {
  return environment.ZEDIS_LIB ?? join(NATIVE, "target", "release", LIBRARY_NAME);
}

/** Builds where needed. Gives false (and has told why) where that failed. */
export function build(log: (line: string) => void): boolean {
  if (process.env.ZEDIS_LIB !== undefined || existsSync(prebuiltPath())) return true;
  const library = builtPath();
  const stamp = `${library}.stamp`;
  const sources = hashOfSources();
  if (existsSync(library) && existsSync(stamp) && readFileSync(stamp, "utf8") === sources) return true;
  const cargo = Bun.which("cargo") ?? homeCargo();
  if (cargo === null) {
    const others = prebuiltPlatforms();
    const brought = others.length === 0 ? "" : ` (it comes built for ${others.join(", ")}; this is ${PLATFORM})`;
    log(
      `zedis: the native store has to be built${brought}, and there is no Rust toolchain (cargo) on this machine.\n` +
        "       Install one with rustup (Debian: `apt-get install rustup && rustup default stable`), then run this again.",
    );
    return false;
  }
  log("zedis: building the native store (once, about two minutes) …");
  const run = Bun.spawnSync(["sh", BUILD_SCRIPT], {
    stdout: "inherit",
    stderr: "inherit",
    env: { ...process.env, ...withCargo(cargo), CARGO_TARGET_DIR: join(NATIVE, "target") },
  });
  if (run.exitCode !== 0) {
    log("zedis: cargo failed; its message is above.");
    return false;
  }
  writeFileSync(stamp, sources);
  return true;
}

/** An environment whose PATH has cargo and what stands beside it. */
function withCargo(cargo: string): { PATH: string } {
  return { PATH: `${process.env.PATH ?? ""}:${dirname(cargo)}` };
}

function homeCargo(): string | null {
  const path = join(process.env.HOME ?? "/", ".cargo", "bin", "cargo");
  return existsSync(path) ? path : null;
}

function hashOfSources(): string {
  const hash = new Bun.CryptoHasher("sha256");
  const files = ["src", "profile"].flatMap((folder) => filesUnder(join(NATIVE, folder)));
  files.push(BUILD_SCRIPT, join(NATIVE, "Cargo.toml"), join(NATIVE, "Cargo.lock"));
  for (const file of files.sort())
    hash
      .update(`${relative(NATIVE, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  return hash.digest("hex");
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesUnder(path) : [path];
  });
}

if (import.meta.main && !build((line) => console.error(line))) process.exit(1);
