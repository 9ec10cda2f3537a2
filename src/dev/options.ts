/** The options of `zedis dev` that redis-server does not have; the rest is redis-server's command line. */
import { resolve } from "node:path";

export interface DevOptions {
  /** Absolute path. */
  readonly folder: string;
  readonly tests: boolean;
  readonly types: boolean;
}

export const DEV_USAGE = `Usage: zedis dev [--procedures DIR] [--no-tests] [--no-types] [redis-server's arguments]

Serves, and loads the procedures of DIR (procedures/) whenever one is saved; runs their *.test.ts.

  --procedures DIR   The folder that is watched, with the folders in it.
  --no-tests         Runs no tests.
  --no-types         Asks no TypeScript compiler.
`;

/** What is for the loop, and what is for the server, in order. */
export function takeDevOptions(
  argv: readonly string[],
  cwd: string,
): { readonly dev: DevOptions; readonly rest: readonly string[] } | { readonly error: string } {
  const rest: string[] = [];
  let folder = "procedures";
  let tests = true;
  let types = true;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (word === "--no-tests") tests = false;
    else if (word === "--no-types") types = false;
    else if (word.startsWith("--procedures=")) folder = word.slice("--procedures=".length);
    else if (word === "--procedures") folder = argv[++at] ?? "";
    else rest.push(word);
    if (folder === "") return { error: "--procedures needs a folder" };
  }
  return { dev: { folder: resolve(cwd, folder), tests, types }, rest };
}
