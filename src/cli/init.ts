/** `zedis init [DIR]`: makes a project with a first procedure and its test. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { systemError } from "../config/files.ts";
import { projectFiles } from "./init-files.ts";
import type { Terminal } from "./terminal.ts";

const DECLARATIONS = join(import.meta.dir, "../../runtime/sdk/zedis.d.ts");

export const INIT_USAGE = `Usage: zedis init [DIR]

Makes a project in DIR (the folder you are in): package.json, tsconfig.json, procedures/hello.ts with its test, README.md, .gitignore.
A file that is there already is never written over.
`;

/** Writes all of it or, where something is in the way, nothing; the exit code. */
export function runInit(argv: readonly string[], terminal: Pick<Terminal, "out" | "err">): number {
  const [given = ".", ...more] = argv;
  if (more.length > 0 || given.startsWith("-")) {
    terminal.err(INIT_USAGE);
    return 1;
  }
  const folder = resolve(given);
  const files = projectFiles(folder, readFileSync(DECLARATIONS, "utf8"));
  const inTheWay = [...files.keys()].filter((path) => existsSync(join(folder, path)));
  if (inTheWay.length > 0) {
    terminal.err(
      `zedis init: ${inTheWay.join(", ")} in ${bytes(folder)} would be written over; nothing was written.\n`,
    );
    return 1;
  }
  try {
    for (const [path, text] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text, { flag: "wx" });
    }
  } catch (error) {
    terminal.err(`zedis init: ${bytes(folder)}: ${systemError(error)}\n`);
    return 1;
  }
  const way = relative(process.cwd(), folder);
  terminal.out(`Made a project in ${bytes(folder)}:\n${[...files.keys()].map((path) => `  ${path}\n`).join("")}
Next:
${way === "" ? "" : `  cd ${bytes(way)}\n`}  bun install
  bun run dev                                  serves on 6379, and loads what you save in procedures/
  bunx zedis cli FCALL hello 1 visits Ada      calls the first procedure, from another terminal
  bun run test
`);
  return 0;
}

/** Terminals are given byte strings. */
const bytes = (text: string): string => Buffer.from(text).toString("latin1");
