/** The files of a new project. */
import { basename, resolve } from "node:path";
import manifest from "../../package.json" with { type: "json" };

const ROOT = resolve(import.meta.dir, "../..");

/** Text by path, relative to the project. */
export function projectFiles(folder: string, declarations: string): ReadonlyMap<string, string> {
  const name = packageName(basename(folder));
  return new Map([
    ["package.json", `${JSON.stringify(packageJson(name), null, 2)}\n`],
    ["tsconfig.json", `${JSON.stringify(TSCONFIG, null, 2)}\n`],
    ["procedures/hello.ts", PROCEDURE],
    ["procedures/hello.test.ts", TEST],
    ["procedures/zedis.d.ts", declarations],
    ["README.md", readme(name)],
    [".gitignore", "node_modules/\ndump.rdb\nappendonlydir/\n"],
  ]);
}

/** From a registry where this is installed from one; a checkout is linked to as it lies there. */
function ownVersion(): string {
  return ROOT.includes("/node_modules/") ? `^${manifest.version}` : `link:${ROOT}`;
}

function packageJson(name: string): object {
  const { typescript, "@types/bun": types } = manifest.devDependencies;
  return {
    name,
    private: true,
    type: "module",
    scripts: { dev: "zedis dev", test: "bun test", check: "tsc --noEmit" },
    devDependencies: { "@types/bun": types, typescript, zedis: ownVersion() },
  };
}

/** What npm takes as a name: `My Shop!` → `my-shop`. */
function packageName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^[-_]+|-+$/g, "");
  return name === "" ? "procedures" : name;
}

const TSCONFIG = {
  compilerOptions: {
    target: "ESNext",
    module: "Preserve",
    moduleResolution: "bundler",
    moduleDetection: "force",
    lib: ["ESNext"],
    types: ["bun"],
    strict: true,
    noUncheckedIndexedAccess: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
  },
  include: ["procedures"],
};

const PROCEDURE = `/** Greets, and counts under \`key\` how often it has. */
export function hello(key: string, name: string = "world"): { greeting: string; visits: number } {
  const visits = Zedis.incr(key);
  return { greeting: \`Hello, \${name}!\`, visits };
}
`;

const TEST = `import { expect, test } from "bun:test";
import { procedures } from "zedis/test";

// A server of its own for the tests of this file; each test finds it empty.
const store = procedures(import.meta.dir, "hello.ts");

test("hello greets by name, and counts", async () => {
  expect(await store.call("hello", ["visits"], "Ada")).toEqual({ greeting: "Hello, Ada!", visits: 1 });
  expect(await store.call("hello", ["visits"])).toEqual({ greeting: "Hello, world!", visits: 2 });
  expect(await store.send("GET", "visits")).toBe("2");
});

test("what fails leaves nothing behind", async () => {
  await store.send("SET", "visits", "not a number");
  await expect(store.call("hello", ["visits"])).rejects.toThrow("not an integer");
  expect(await store.send("GET", "visits")).toBe("not a number");
});
`;

const readme = (name: string): string => `# ${name}

Procedures that run inside of [Zedis](https://www.npmjs.com/package/zedis), a Redis-compatible store, next to the data.

    bun install
    bun run dev        # serves on 6379; loads what you save in procedures/ and runs its test
    bun run test       # runs every test, each file with a server of its own
    bun run check      # types

With \`bun run dev\` running:

    $ bunx zedis cli FCALL hello 1 visits Ada
    1) "greeting"
    2) "Hello, Ada!"
    3) "visits"
    4) (integer) 1

A procedure is a transaction: what it writes is there at once, or not at all where it throws. \`procedures/zedis.d.ts\` declares what it
may call; \`bun run dev\` keeps that file as the server is. To load a file elsewhere: \`zedis cli -h HOST FUNCTION LOAD REPLACE ./procedures/hello.ts\`.
`;
