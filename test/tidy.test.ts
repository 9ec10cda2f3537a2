/**
 * The house's order: imports go one way, files stay short, every folder says what it is for. The order of the native folders is
 * read from the line in lib.rs that draws it, so the drawing cannot grow old.
 */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";

const root = join(import.meta.dir, "..");

/** Paths of all source files, relative to the root, `/` between folders. */
const files = [
  ...new Bun.Glob("{src,runtime,native,test,bench,examples,procedures}/**/*.{ts,tsx,rs}").scanSync({ cwd: root }),
]
  .filter((path) => !/(^|\/)(node_modules|target|dist)\/|\.d\.ts$/.test(path))
  .sort();
const scripts = files.filter((path) => /\.tsx?$/.test(path));
const rust = files.filter((path) => path.startsWith("native/src/"));
const read = (path: string) => Bun.file(join(root, path)).text();

describe("TypeScript imports", () => {
  /** What each part may import besides itself; the longest prefix of a file's path that is listed here counts. */
  const allowed: Readonly<Record<string, readonly string[]>> = {
    // The control commands' reply values are the one thing of src that a procedure runtime and the configuration know.
    runtime: ["src/core/reply.ts", "package.json"],
    // A program of its own: it prints the native command table as declarations.
    "runtime/sdk/generate.ts": ["runtime", "src/core", "package.json"],
    "src/config": ["src/core/reply.ts", "package.json"],
    "src/resp": [],
    "src/console": ["package.json"],
    "src/admin": ["src/console", "src/config", "src/core", "src/resp", "runtime", "package.json"],
    "src/cli": ["src/config", "src/core", "src/dev", "src/resp", "runtime", "src/main.ts", "package.json"],
    "src/core": ["src/config", "runtime", "package.json"],
    "src/dev": ["src/config", "src/core", "runtime", "package.json"],
    "src/main.ts": ["src", "runtime", "package.json"],
    bench: ["src", "runtime", "test/harness", "package.json"],
    test: ["src", "runtime", "bench", "examples", "procedures", "package.json"],
    examples: ["procedures", "runtime/sdk/announced-port.ts", "test/harness"],
    procedures: ["test/harness"],
  };
  const parts = Object.keys(allowed).sort((left, right) => right.length - left.length);
  const isUnder = (path: string, part: string) => path === part || path.startsWith(`${part}/`);

  test("go one way between the parts of the house", async () => {
    const wrong: string[] = [];
    for (const path of scripts) {
      const part = parts.find((candidate) => isUnder(path, candidate));
      if (part === undefined) {
        wrong.push(`${path} belongs to no part: give it one in test/tidy.test.ts`);
        continue;
      }
      const targets = [part, ...(allowed[part] ?? [])];
      // A test beside its code may use the harness.
      if (path.endsWith(".test.ts")) targets.push("test/harness", "src", "runtime");
      for (const { target } of await importsOf(path)) {
        if (!targets.some((candidate) => isUnder(target, candidate))) wrong.push(`${path} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("form no circle", async () => {
    const graph = new Map<string, string[]>();
    for (const path of scripts) {
      graph.set(
        path,
        (await importsOf(path)).filter(({ isType }) => !isType).map(({ target }) => target),
      );
    }
    expect(circles(graph)).toEqual([]);
  });
});

describe("native imports", () => {
  const lib = join(root, "native", "src", "lib.rs");

  // A package without the sources of the native side has nothing to look at; nor has the test of `unsafe` below.
  test.skipIf(!existsSync(lib))("go the way that lib.rs draws", async () => {
    const drawn = /^\/\/! Imports go one way: (.+)\.$/m.exec(await Bun.file(lib).text())?.[1];
    if (drawn === undefined) throw new Error("native/src/lib.rs has no line `//! Imports go one way: a ← b, c ← d.`");
    const level = new Map<string, number>();
    for (const [index, folders] of drawn.split("←").entries())
      for (const folder of folders.split(",")) level.set(folder.trim(), index);
    const wrong: string[] = [];
    for (const path of rust) {
      const [folder = ""] = path.slice("native/src/".length).split("/");
      if (folder === "lib.rs") continue;
      const own = level.get(folder.replace(/\.rs$/, ""));
      if (own === undefined) {
        wrong.push(`${path}: ${folder} is not in the order that lib.rs draws`);
        continue;
      }
      for (const used of rustFoldersUsed(await read(path))) {
        const other = level.get(used);
        if (other === undefined) wrong.push(`${path} uses crate::${used}, which lib.rs does not draw`);
        else if (other > own) wrong.push(`${path} uses crate::${used}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test.skipIf(rust.length === 0)(
    "stay out of unsafe code but for ffi, ds, the encodings of types, net and sys",
    async () => {
      const wrong: string[] = [];
      for (const path of rust) {
        if (/^native\/src\/(ffi|ds|net|sys)\//.test(path) || /^native\/src\/types\/[^/]+\//.test(path)) continue;
        const code = withoutComments(await read(path));
        if (/\bunsafe\s*(\{|fn|impl)/.test(code)) wrong.push(path);
      }
      expect(wrong).toEqual([]);
    },
  );
});

describe("files", () => {
  /** A type's handlers may reach 1,200 lines; longer files than these are in long-files.tsv and may only shrink. */
  const lines_max = (path: string) => (/^native\/src\/(types|commands)\//.test(path) ? 1200 : 400);

  test("are short, and the long ones do not grow", async () => {
    const listed = new Map<string, number>();
    for (const line of (await read("test/long-files.tsv")).trim().split("\n").slice(1)) {
      const [path = "", lines = "0"] = line.split("\t");
      if (path !== "") listed.set(path, Number(lines));
    }
    const wrong: string[] = [];
    for (const path of files) {
      const lines = (await read(path)).split("\n").length - 1;
      const limit = listed.get(path) ?? lines_max(path);
      if (lines > limit) wrong.push(`${path} has ${lines} lines, ${limit} are allowed: split it by ideas`);
    }
    for (const path of listed.keys()) {
      if (existsSync(join(root, path)) && (await read(path)).split("\n").length - 1 <= lines_max(path)) {
        wrong.push(`${path} is short now: take it out of test/long-files.tsv`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("are named for what they hold", () => {
    const names =
      /^(utils?|helpers?|common|misc|shared|lib|index)(\.test)?\.ts$|^(utils?|helpers?|common|misc|shared)(\.rs)?$/;
    expect(files.filter((path) => path.split("/").some((part) => names.test(part)))).toEqual([]);
  });

  test("hold no test that runs alone or is switched off without a reason", async () => {
    const wrong: string[] = [];
    for (const path of scripts.filter((candidate) => candidate.endsWith(".test.ts"))) {
      if (/^\s*(test|describe|it)\.(only|skip|todo)\(/m.test(await read(path))) wrong.push(path);
    }
    expect(wrong).toEqual([]);
  });
});

test("every folder has a README.md", () => {
  // Deeper folders belong to the room above them, whose README names them.
  const folders = new Set(files.map(dirname).flatMap((path) => [path, dirname(path)]));
  const missing = [...folders].filter((folder) => {
    const depth = folder.split("/").length - (folder.startsWith("native/src") ? 1 : 0);
    if (folder === "." || depth > 2 || ["src", "native", "native/src", "native/tests"].includes(folder)) return false;
    if (/^(bench\/[^/]+|native\/(benches|fuzz|tests).*)$/.test(folder)) return false;
    return !existsSync(join(root, folder, "README.md"));
  });
  expect(missing.sort()).toEqual([]);
});

interface Import {
  readonly target: string;
  readonly isType: boolean;
}

const known = new Map<string, Promise<Import[]>>();

/** Relative imports of a file, as paths from the root. */
function importsOf(path: string): Promise<Import[]> {
  const found = known.get(path) ?? readImports(path);
  known.set(path, found);
  return found;
}

async function readImports(path: string): Promise<Import[]> {
  const imports: Import[] = [];
  const text = withoutComments(await read(path));
  for (const [, isType, , from] of text.matchAll(
    /^(?:import|export)\s+(type\s+)?([^"';]*?from\s+)?["'](\.[^"']+)["']/gm,
  )) {
    if (from !== undefined)
      imports.push({ target: normalize(join(dirname(path), from)), isType: isType !== undefined });
  }
  for (const [, from] of text.matchAll(/\bimport\(\s*["'](\.[^"']+)["']\s*\)/g)) {
    // Loaded when it is called, so it closes no circle.
    if (from !== undefined) imports.push({ target: normalize(join(dirname(path), from)), isType: true });
  }
  return imports;
}

/** `crate::a::…` and `crate::{a::…, b}`: the folders that a Rust file uses. */
function rustFoldersUsed(text: string): Set<string> {
  const used = new Set<string>();
  const code = withoutComments(text);
  for (const [, name] of code.matchAll(/\bcrate::([a-z_]+)\b/g)) if (name !== undefined) used.add(name);
  for (const [, group] of code.matchAll(/\bcrate::\{([^;]*)\};/g)) {
    let depth = 0;
    let name = "";
    for (const character of `${group},`) {
      if (character === "{") depth++;
      else if (character === "}") depth--;
      else if (character === "," && depth === 0) {
        const folder = name.trim().split("::")[0];
        if (folder) used.add(folder);
        name = "";
      } else if (depth === 0) name += character;
    }
  }
  return used;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

/** Each circle once, as its files in order. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const ring = trail.slice(at);
      const first = ring.indexOf([...ring].sort()[0] as string);
      found.add(
        [...ring.slice(first), ...ring.slice(0, first)]
          .map((file) => (ring.length > 3 ? basename(file) : file))
          .join(" → "),
      );
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return [...found].sort();
}
