/**
 * Serves the console: the page at `/`, what it loads under `/console/`. Nothing is read or built before the first request.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { builtFolder, PUBLIC_PATH } from "./build.ts";

interface File {
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

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
export type ConsoleFiles = (request: Request) => Promise<Response | null>;

export function consoleFiles(): ConsoleFiles {
  let files: Promise<ReadonlyMap<string, File>> | null = null;
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/" && !pathname.startsWith(PUBLIC_PATH)) return null;
    if (request.method !== "GET" && request.method !== "HEAD") return null;
    files ??= read();
    let found: ReadonlyMap<string, File>;
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

function answer(request: Request, file: File, isPage: boolean): Response {
  const zipped = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  const headers = new Headers({
    "content-type": file.type,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    vary: "accept-encoding",
    // The other names hold the hash of what is in them.
    "cache-control": isPage ? "no-cache" : "public, max-age=31536000, immutable",
  });
  if (isPage) headers.set("content-security-policy", POLICY);
  if (zipped) headers.set("content-encoding", "gzip");
  const body = zipped ? file.gzip : file.plain;
  headers.set("content-length", String(body.length));
  return new Response(request.method === "HEAD" ? null : body, { headers });
}

async function read(): Promise<ReadonlyMap<string, File>> {
  const folder = await folderOfFiles();
  const files = new Map<string, File>();
  for (const name of readdirSync(folder).filter((candidate) => !candidate.endsWith(".gz"))) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    files.set(name, {
      plain: new Uint8Array(readFileSync(join(folder, name))),
      gzip: new Uint8Array(readFileSync(join(folder, `${name}.gz`))),
      type,
    });
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
