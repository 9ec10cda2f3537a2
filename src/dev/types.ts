/**
 * Asks the TypeScript compiler, a child, what it has against the procedures. With the tsconfig.json of the project where there is one,
 * else strictly. A project without TypeScript is not checked.
 */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { Child } from "./child.ts";
import { type Problem, placed } from "./problem.ts";
import { projectOf } from "./tests.ts";

const LIMIT_MS = 120_000;

/** Where there is no tsconfig.json: files without import and export are modules too, each has its own names. */
const OPTIONS = (
  "--noEmit --strict --skipLibCheck --target esnext --module preserve --moduleResolution bundler --moduleDetection force " +
  "--allowImportingTsExtensions --lib esnext --types"
).split(" ");

export class TypeChecks {
  #child: Child | null = null;
  #isWanted: readonly string[] | null = null;

  constructor(
    private readonly folder: string,
    /** Called with what was found, by path relative to the folder. Files without an entry are sound. */
    private readonly found: (problems: ReadonlyMap<string, readonly Problem[]>, checked: readonly string[]) => void,
  ) {}

  /** Checks `paths` (relative to the folder) as they are now; a check under way is ended, as it is about what was. */
  check(paths: readonly string[]): void {
    this.#isWanted = paths;
    if (this.#child === null) void this.#run();
    else this.#child.cancel();
  }

  stop(): Promise<unknown> {
    this.#isWanted = null;
    this.#child?.cancel();
    return this.#child?.end ?? Promise.resolve();
  }

  async #run(): Promise<void> {
    while (this.#isWanted !== null) {
      const paths = this.#isWanted.filter((path) => path.endsWith("ts"));
      this.#isWanted = null;
      const command = this.#command(paths);
      if (command === null || paths.length === 0) continue;
      const cwd = projectOf(this.folder);
      this.#child = new Child(command, cwd, LIMIT_MS);
      const { exitCode, output } = await this.#child.end;
      this.#child = null;
      if (exitCode !== null && this.#isWanted === null) this.found(await this.#parse(output, cwd), paths);
    }
  }

  #command(paths: readonly string[]): string[] | null {
    const compiler = compilerFor(this.folder);
    if (compiler === null) return null;
    const config = upwards(this.folder, "tsconfig.json");
    const start = [process.execPath, compiler, "--pretty", "false"];
    if (config !== null) return [...start, "--noEmit", "-p", config];
    const files = paths.map((path) => join(this.folder, path));
    return [...start, ...OPTIONS, "", ...files, join(this.folder, "zedis.d.ts")];
  }

  /** `procedures/hello.ts(2,9): error TS2322: Type 'string' is not assignable to type 'number'.` */
  async #parse(output: string, cwd: string): Promise<Map<string, Problem[]>> {
    const problems = new Map<string, Problem[]>();
    for (const line of output.split("\n")) {
      const match = /^(.+?)\((\d+),(\d+)\): error (TS\d+: .*)$/.exec(line.trimEnd());
      if (match === null) continue;
      const [, file = "", row, column, message = ""] = match;
      const absolute = isAbsolute(file) ? file : resolve(cwd, file);
      const path = relative(this.folder, absolute).split(sep).join("/");
      if (path.startsWith("..")) continue;
      const source = await Bun.file(absolute)
        .text()
        .catch(() => "");
      problems.set(path, [...(problems.get(path) ?? []), placed(message, source, Number(row), Number(column))]);
    }
    return problems;
  }
}

/** The project's own TypeScript, else the one beside this package. */
function compilerFor(folder: string): string | null {
  for (const start of [folder, import.meta.dir]) {
    const found = upwards(start, join("node_modules", "typescript", "bin", "tsc"));
    if (found !== null) return found;
  }
  return null;
}

function upwards(folder: string, name: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, name))) return join(at, name);
    if (dirname(at) === at) return null;
  }
}
