/** What `zedis dev` serves while files are saved, broken, renamed and deleted. */
import { afterEach, expect, test } from "bun:test";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Project } from "./project.ts";

const LIMIT_MS = 120_000;
const declarations = readFileSync(join(import.meta.dir, "../../runtime/sdk/zedis.d.ts"), "utf8");
const returns = (name: string, text: string): string => `export function ${name}() {\n  return "${text}";\n}\n`;

let project: Project;
afterEach(() => project.stop());

/** A project whose loop is running; no type checks, which have a test of their own. */
function started(files: Readonly<Record<string, string>>, ...args: string[]): Promise<Project> {
  project = new Project(files);
  return project.start("--no-types", ...args);
}

test(
  "what is there at the start serves, in each language, and the log says from which files",
  async () => {
    await started({
      "one.ts": returns("one", "ts"),
      "deep/two.js": returns("two", "js"),
      "three.lua": 'redis.register_function("three", function() return "lua" end)',
      "_shared.ts": 'import "node:fs";',
      "node_modules/x/index.js": "throw 1;",
    });
    expect([await project.call("one"), await project.call("two"), await project.call("three")]).toEqual([
      "ts",
      "js",
      "lua",
    ]);
    expect(project.printed).toContain(`from ${project.folder}: two (deep/two.js), one (one.ts), three (three.lua)`);
    expect(project.printed).not.toMatch(/_shared|node_modules/);
    expect(readFileSync(project.path("zedis.d.ts"), "utf8")).toBe(declarations);
  },
  LIMIT_MS,
);

test(
  "a save serves; a save that is wrong is shown with its place, and what was there goes on",
  async () => {
    await started({ "hello.ts": returns("hello", "first") });
    project.save("hello.ts", returns("hello", "second"));
    await project.serves("hello", "second");
    project.save("hello.ts", 'export function hello() {\n  return "third;\n}\n');
    const shown = await project.says(/hello\.ts:2:\d+: .*goes on serving\)\n.*\n.*\n.*\^/);
    expect(shown).toContain('> 2 |   return "third;');
    expect(await project.call("hello")).toBe("second");
    project.save("hello.ts", returns("hello", "fourth"));
    await project.serves("hello", "fourth");
  },
  LIMIT_MS,
);

test(
  "what throws while it is loaded, imports, or is wrong in Lua is shown with its line in the file",
  async () => {
    await started({});
    project.save("a.ts", 'export function a() {\n  return 1;\n}\n\n  throw new Error("no luck");\n');
    await project.says(/a\.ts:5:\d+: .*no luck/);
    project.save("b.ts", '\nimport fs from "node:fs";\nexport function b() {\n  return fs;\n}\n');
    await project.says(/b\.ts:2:1: A library cannot import/);
    project.save("c.lua", 'local x = 1\nredis.register_function("c" function() return 1 end)\n');
    await project.says(/c\.lua:2: /);
    project.save("d.lua", '#!lua name=d\nlocal x = 1\nredis.register_function("c" function() return 1 end)\n');
    await project.says(/d\.lua:3: /);
    project.save("e.ts", "// nothing yet\n");
    await project.says(/e\.ts: No functions registered/);
  },
  LIMIT_MS,
);

test(
  "saves by renaming, in a burst, in a folder that was made just now, and after deletion all serve",
  async () => {
    await started({ "hello.ts": returns("hello", "first") });
    project.saveByRename("hello.ts", returns("hello", "renamed"));
    await project.serves("hello", "renamed");
    for (let nth = 0; nth <= 50; nth++) project.save("hello.ts", returns("hello", `burst ${nth}`));
    await project.serves("hello", "burst 50");
    expect(project.printed.match(/hello\.ts: loaded/g)?.length).toBeLessThan(52);
    project.save("new/deeper/far.ts", returns("far", "first"));
    await project.serves("far", "first");
    project.save("new/deeper/far.ts", returns("far", "second"));
    await project.serves("far", "second");
    project.delete("hello.ts");
    await project.lacks("hello");
    await project.says(/hello\.ts: deleted, and library hello with it/);
    project.save("hello.ts", returns("hello", "again"));
    await project.serves("hello", "again");
    // A file that is deleted and written again at once is saved, whatever the loop saw of it.
    project.delete("hello.ts");
    project.save("hello.ts", returns("hello", "at once"));
    await project.serves("hello", "at once");
  },
  LIMIT_MS,
);

test(
  "a file that is given another name serves on under it, without a word of a function that is there already",
  async () => {
    await started({ "two.ts": returns("two", "kept") });
    renameSync(project.path("two.ts"), project.path("three.ts"));
    await project.says(/three\.ts: loaded library three/);
    expect(project.printed).toMatch(/two\.ts: deleted, and library two with it/);
    expect(await project.call("two")).toBe("kept");
    expect(project.printed).not.toContain("already exists");
  },
  LIMIT_MS,
);

test(
  "a folder that is renamed, deleted or made anew takes its procedures with it",
  async () => {
    await started({ "group/a.ts": returns("a", "a"), "b.ts": returns("b", "b") });
    renameSync(project.path("group"), project.path("team"));
    await project.says(/team\/a\.ts: loaded library a/);
    await project.serves("a", "a");
    project.delete("team");
    await project.lacks("a");
    project.delete(".");
    await project.lacks("b");
    mkdirSync(project.folder);
    project.save("b.ts", returns("b", "anew"));
    await project.serves("b", "anew");
    expect(readFileSync(project.path("zedis.d.ts"), "utf8")).toBe(declarations);
  },
  LIMIT_MS,
);

test(
  "a folder that is not there yet is watched for",
  async () => {
    project = new Project();
    project.delete(".");
    project = await project.startWith({ ready: "is not there; what you save there will be loaded" }, "--no-types");
    mkdirSync(project.folder);
    project.save("late.ts", returns("late", "came"));
    await project.serves("late", "came");
  },
  LIMIT_MS,
);

test(
  "a library that a client loaded is replaced with a line that says so, and is not deleted with the file",
  async () => {
    await started({ "other.ts": returns("other", "file") });
    const load = (text: string) =>
      project.wire.call(["FUNCTION", "LOAD", "REPLACE", `#!ts name=mine\n${returns("mine", text)}`]);
    await load("client");
    project.save("mine.ts", returns("mine", "file"));
    await project.says(/mine\.ts: library mine, which a client or a data file had loaded, is replaced/);
    await project.serves("mine", "file");
    await load("client again");
    project.delete("mine.ts");
    await project.says(/mine\.ts: deleted; library mine stays: a client has replaced it/);
    expect(await project.call("mine")).toBe("client again");
  },
  LIMIT_MS,
);

test(
  "a header's name holds, and a new name there takes the old one's place",
  async () => {
    await started({ "file.ts": `#!ts name=first\n${returns("named", "1")}` });
    expect(project.printed).toContain("file.ts: loaded library first");
    project.save("file.ts", `#!ts name=second\n${returns("named", "2")}`);
    await project.serves("named", "2");
    await project.says(/loaded library second/);
    project.save("file.ts", `#!ts name=third\n${returns("named", "2")}}`);
    await project.says(/file\.ts:5:1: /);
    expect(await project.call("named")).toBe("2");
  },
  LIMIT_MS,
);

test(
  "what stands in another file's way is told, and the other is loaded once it has gone",
  async () => {
    await started({
      "a.ts": returns("same", "a"),
      "b.ts": returns("same", "b"),
      "c.ts": `#!ts name=a\n${returns("own", "c")}`,
    });
    expect(project.printed).toContain("b.ts: Function same already exists");
    expect(project.printed).toContain("c.ts: library a is made by a.ts already");
    project.delete("a.ts");
    await project.serves("same", "b");
    await project.serves("own", "c");
  },
  LIMIT_MS,
);

test(
  "zedis.d.ts is written anew only where it differs, and never over somebody else's",
  async () => {
    await started({ "a.ts": returns("a", "1") });
    const before = statSync(project.path("zedis.d.ts")).mtimeMs;
    project.save("a.ts", returns("a", "2"));
    await project.serves("a", "2");
    expect(statSync(project.path("zedis.d.ts")).mtimeMs).toBe(before);
    writeFileSync(project.path("zedis.d.ts"), `${declarations}// edited\n`);
    project.save("a.ts", returns("a", "3"));
    await project.says(/brought .*zedis\.d\.ts up to date/);
    writeFileSync(project.path("zedis.d.ts"), "// mine\n");
    project.save("a.ts", returns("a", "4"));
    await project.says(/zedis\.d\.ts is not from here and is left as it is/);
    expect(readFileSync(project.path("zedis.d.ts"), "utf8")).toBe("// mine\n");
  },
  LIMIT_MS,
);
