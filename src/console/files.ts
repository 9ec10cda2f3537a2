/**
 * Serves the console: the page at `/`, what it loads under `/console/`. Nothing is read or built before the first request.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { builtFolder, PUBLIC_PATH } from "./build.ts";
import { fileResponse, type StaticFile, staticFile } from "./static-file.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

/** The page runs its own files and speaks to its own server: whatever a key or value holds, no other script runs. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/** The answer to a GET or HEAD of one of the console's paths; null for any other path. */
export type ConsoleFiles = (request: Request, pathname: string) => Promise<Response | null>;

export function consoleFiles(): ConsoleFiles {
  let files: Promise<ReadonlyMap<string, StaticFile>> | null = null;
  return async (request, pathname) => {
    if (pathname !== "/" && !pathname.startsWith(PUBLIC_PATH)) return null;
    if (request.method !== "GET" && request.method !== "HEAD") return null;
    files ??= read();
    let found: ReadonlyMap<string, StaticFile>;
    try {
      found = await files;
    } catch (error) {
      files = null;
      return new Response(`The console could not be built:\n${error instanceof Error ? error.message : error}\n`, {
        status: 500,
        headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
      });
    }
    const name = pathname === "/" ? "index.html" : pathname.slice(PUBLIC_PATH.length);
    const file = found.get(name);
    return file === undefined ? null : answer(request, file, name === "index.html");
  };
}

function answer(request: Request, file: StaticFile, isPage: boolean): Response {
  // The other names hold the hash of what is in them.
  return fileResponse(request, file, isPage ? "no-cache" : "public, max-age=31536000, immutable", {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    ...(isPage ? { "content-security-policy": POLICY } : {}),
  });
}

async function read(): Promise<ReadonlyMap<string, StaticFile>> {
  const folder = await folderOfFiles();
  const files = new Map<string, StaticFile>();
  for (const name of readdirSync(folder).filter((candidate) => !candidate.endsWith(".gz"))) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const [plain, gzip] = [name, `${name}.gz`].map((own) => new Uint8Array(readFileSync(join(folder, own))));
    if (plain !== undefined) files.set(name, staticFile(type, plain, gzip));
  }
  return files;
}

async function folderOfFiles(): Promise<string> {
  const folder = builtFolder();
  if (existsSync(join(folder, "index.html"))) return folder;
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "build.ts")], { stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(err.trim() || `the bundler ended with code ${code}`);
  return out.trim().split("\n").at(-1) ?? folder;
}
