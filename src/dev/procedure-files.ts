/** Which files of a folder are procedures and which are their tests. Paths are relative to the folder, with `/` between. */
import { engineOfFile } from "../../runtime/compile/file-source.ts";

const TEST = /\.test\.(?:ts|js|mts|mjs)$/;
const EXTENSIONS = [".ts", ".mts", ".js", ".mjs", ".lua"];

export type Kind = "procedure" | "test";

/** null: a file that nobody loads. */
export function kindOf(path: string): Kind | null {
  if (path.split("/").some(isHidden)) return null;
  if (TEST.test(path)) return "test";
  if (/\.d\.m?ts$/.test(path) || engineOfFile(path) === undefined || path.endsWith(".py")) return null;
  return "procedure";
}

/** Folders that are not looked into, and files that are not loaded. */
export function isHidden(name: string): boolean {
  return name.startsWith(".") || name.startsWith("_") || name === "node_modules";
}

/** The procedures that `hello.test.ts` may be about: `hello.ts`, `hello.lua`, … */
export function subjectsOf(testPath: string): string[] {
  const stem = testPath.replace(TEST, "");
  return EXTENSIONS.map((extension) => stem + extension);
}

/** The tests that may be about `hello.ts`. */
export function testsOf(path: string): string[] {
  const stem = path.replace(/\.\w+$/, "");
  return ["ts", "js", "mts", "mjs"].map((extension) => `${stem}.test.${extension}`);
}
