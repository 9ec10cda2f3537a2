/**
 * Builds the console's files: Bun's bundler, minified, each name with the hash of what is in it, each compressed beforehand.
 *
 *     dist/<hash of the sources>/   index.html   main-1a2b3c4d.js   main-1a2b3c4d.css   editor-….js   each with a .gz beside it
 *
 * A program of its own, because the bundler's memory is not the server's: `files.ts` runs it where nothing is built yet.
 */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve } from "node:path";

const ROOM = import.meta.dir;
const ROOT = resolve(ROOM, "../..");
/** Where the files lie in the server's paths. */
export const PUBLIC_PATH = "/console/";
/** How the name of a folder begins that is not whole yet. */
const MAKING = ".making-";

/** The folder of the files that the sources as they are make, whether or not it is there. */
export function builtFolder(parent = join(ROOM, "dist")): string {
  return join(parent, hashOfSources());
}

/** Builds where needed; the folder. Throws the bundler's messages. */
export async function buildConsole(parent = join(ROOM, "dist")): Promise<string> {
  const folder = builtFolder(parent);
  if (readFiles(folder).includes("index.html")) return folder;
  const result = await Bun.build({
    entrypoints: [join(ROOM, "page", "main.tsx"), join(ROOM, "page", "theme-start.ts")],
    target: "browser",
    format: "esm",
    minify: true,
    splitting: true,
    publicPath: PUBLIC_PATH,
    naming: { entry: "[name]-[hash].[ext]", chunk: "chunk-[hash].[ext]", asset: "[name]-[hash].[ext]" },
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const files = new Map<string, Uint8Array>();
  for (const output of result.outputs) files.set(basename(output.path), new Uint8Array(await output.arrayBuffer()));
  files.set("index.html", new TextEncoder().encode(page([...files.keys()])));
  writeTogether(parent, folder, files);
  return folder;
}

function page(names: readonly string[]): string {
  const named = (pattern: RegExp): string => {
    const name = names.find((candidate) => pattern.test(candidate));
    if (name === undefined) throw new Error(`the bundler made no file like ${pattern}: ${names.join(", ")}`);
    return PUBLIC_PATH + name;
  };
  const html = readFileSync(join(ROOM, "page", "page.html"), "utf8");
  return html
    .replace("{theme}", named(/^theme-start-.*\.js$/))
    .replace("{style}", named(/^main-.*\.css$/))
    .replace("{script}", named(/^main-.*\.js$/));
}

/** Another process may build the same at the same time: a folder appears whole, by its name, or not at all. */
function writeTogether(parent: string, folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  mkdirSync(parent, { recursive: true });
  const making = mkdtempSync(join(parent, MAKING));
  for (const [name, bytes] of files) {
    writeFileSync(join(making, name), bytes);
    writeFileSync(join(making, `${name}.gz`), Bun.gzipSync(new Uint8Array(bytes), { level: 9 }));
  }
  chmodSync(making, 0o755);
  try {
    renameSync(making, folder);
  } catch (error) {
    rmSync(making, { recursive: true });
    if (!readFiles(folder).includes("index.html")) throw error;
    return;
  }
  // What earlier sources made, and what a build that was interrupted left.
  for (const name of readFiles(parent)) {
    const path = join(parent, name);
    if (name === basename(folder) || (name.startsWith(".") && !isLeftover(path))) continue;
    rmSync(path, { recursive: true, force: true });
  }
}

/** A build takes seconds: what is older than this, nobody makes any more. */
const LEFTOVER_AFTER_MS = 600_000;

function isLeftover(path: string): boolean {
  if (!basename(path).startsWith(MAKING)) return false;
  const made = statSync(path, { throwIfNoEntry: false });
  return made !== undefined && Date.now() - made.mtimeMs > LEFTOVER_AFTER_MS;
}

function hashOfSources(): string {
  const hash = new Bun.CryptoHasher("sha256");
  const sources = [...new Bun.Glob("{model,page}/**/*.{ts,tsx,css,html}").scanSync({ cwd: ROOM, absolute: true })];
  const files = [...sources, join(ROOM, "build.ts"), join(ROOT, "package.json")].filter(
    (path) => !path.endsWith(".test.ts"),
  );
  hash.update(Bun.version);
  for (const file of files.sort())
    hash
      .update(`${relative(ROOT, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  return hash.digest("hex").slice(0, 16);
}

function readFiles(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The room's own folder, or where that cannot be written (a package installed by another user) a temporary one. */
async function buildSomewhere(): Promise<string> {
  try {
    return await buildConsole();
  } catch (error) {
    if (!/^(EACCES|EROFS|EPERM)/.test((error as { code?: string }).code ?? "")) throw error;
    return buildConsole(join(tmpdir(), `zedis-console-${process.getuid?.() ?? 0}`));
  }
}

/** As a program: prints the folder of the files; the exit code. */
export async function main(): Promise<number> {
  try {
    console.log(await buildSomewhere());
    return 0;
  } catch (error) {
    console.error(error instanceof AggregateError ? error.errors.map(String).join("\n") : error);
    return 1;
  }
}

if (import.meta.main) process.exit(await main());
