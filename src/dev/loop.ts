/** The loop: what is saved is loaded, what is deleted is unloaded, and its tests are run. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { libraryOfFile, sourceOfFile } from "../../runtime/compile/file-source.ts";
import { parseHeader } from "../../runtime/compile/header.ts";
import { sourceOf } from "../../runtime/function-command.ts";
import { systemError } from "../config/files.ts";
import { ErrorReply, type ReplyValue } from "../core/reply.ts";
import { keepDeclarations } from "./declarations.ts";
import type { DevOptions } from "./options.ts";
import { describeProblem, type Problem, problemOf } from "./problem.ts";
import { kindOf, subjectsOf, testsOf } from "./procedure-files.ts";
import { DevState } from "./state.ts";
import { TestRuns } from "./tests.ts";
import { TypeChecks } from "./types.ts";
import { type Changes, FolderWatch } from "./watch.ts";

export interface DevDeps {
  /** Serves a request as if a client had sent it, in turn with those of clients. */
  readonly request: (argv: readonly Uint8Array[]) => Promise<ReplyValue>;
  /** Loaded libraries with their sources. */
  readonly libraries: () => readonly { readonly name: string; readonly source: string }[];
  /** The text of zedis.d.ts. */
  readonly declarations: () => string;
  /** `detail`: lines shown below, as they are. */
  readonly log: (level: "notice" | "warning", text: string, detail?: string) => void;
}

/** What a file has made. */
interface Made {
  readonly library: string;
  readonly source: string;
}

/** What another file's library, or one of its functions, makes of a load. */
const STANDS_IN_THE_WAY = /already exists|is made by/;
/** A procedure of more bytes is a mistake. */
const SOURCE_MAX = 8 << 20;

export class DevLoop {
  readonly state: DevState;
  readonly #watch: FolderWatch;
  readonly #tests: TestRuns;
  readonly #types: TypeChecks;
  readonly #made = new Map<string, Made>();
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(
    private readonly options: DevOptions,
    private readonly deps: DevDeps,
  ) {
    this.state = new DevState(options.folder);
    this.#watch = new FolderWatch(options.folder, (changes) => this.#take(changes));
    this.#tests = new TestRuns(this.state, deps.log);
    this.#types = new TypeChecks(options.folder, (problems, checked) => this.#showTypes(problems, checked));
  }

  /** Loads what is there; resolves when that is done. Tests go on behind it. */
  async begin(): Promise<void> {
    const { folder } = this.options;
    const paths = await this.#watch.begin();
    this.#take({ changed: paths, removed: [] });
    await this.#turn;
    if (!existsSync(folder)) {
      this.deps.log("notice", `procedures: ${folder} is not there; what you save there will be loaded`);
      return;
    }
    const own = [...this.#made].map(([path, { library }]) => `${library} (${path})`);
    const others = this.deps.libraries().filter(({ name }) => !this.#isMade(name));
    this.deps.log("notice", `procedures: from ${folder}: ${own.length === 0 ? "none" : own.join(", ")}`);
    if (others.length > 0) {
      this.deps.log(
        "notice",
        `procedures: loaded, and not from files there: ${others.map(({ name }) => name).join(", ")}`,
      );
    }
  }

  /** Ends what runs beside the server. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch.stop();
    await Promise.all([this.#tests.stop(), this.#types.stop()]);
  }

  #take(changes: Changes): void {
    this.#turn = this.#turn
      .then(() => this.#apply(changes))
      .catch((error) => this.deps.log("warning", `procedures: ${error instanceof Error ? error.stack : error}`));
  }

  async #apply({ changed, removed }: Changes): Promise<void> {
    const line = keepDeclarations(this.options.folder, this.deps.declarations());
    if (line !== null) this.deps.log("notice", `procedures: ${line}`);
    const tests = new Set<string>();
    for (const path of removed) {
      if (kindOf(path) === "procedure") await this.#unload(path);
      this.#tests.forget(path);
      this.state.remove(path);
    }
    for (const path of changed) {
      if (this.#stopped) return;
      if (kindOf(path) === "procedure" && (await this.#load(path))) this.#addTests(path, tests);
    }
    for (const path of changed) if (kindOf(path) === "test" && this.#mayTest(path)) tests.add(path);
    // What another file stood in the way of may go now.
    for (const { path, problem } of this.state.files()) {
      if (!changed.includes(path) && problem !== null && STANDS_IN_THE_WAY.test(problem.message)) {
        if (await this.#load(path, true)) this.#addTests(path, tests);
      }
    }
    if (this.options.types) this.#types.check(this.state.files().map(({ path }) => path));
    if (this.options.tests) for (const path of tests) this.#tests.run(path);
  }

  /** Gives true where the file now serves, also if it did before. `again`: a failure has been shown already. */
  async #load(path: string, again = false): Promise<boolean> {
    const bytes = await this.#read(path);
    if (bytes === null) return false;
    if ("message" in bytes) {
      this.#fail(path, bytes);
      return false;
    }
    const source = sourceOfFile(path, bytes.toString("latin1"));
    const old = this.#made.get(path);
    const loaded = sourceOf(source);
    if (old?.source === loaded && this.#serves(old)) {
      // Saved again, or back to what it was.
      if (this.state.file(path)?.problem != null) this.deps.log("notice", `${path}: is again what serves`);
      this.state.setFile(path, { problem: null });
      return true;
    }
    let problem = await this.#replace(path, source, bytes.toString());
    // A file that was given another name is seen under the new one first.
    if (problem !== null && STANDS_IN_THE_WAY.test(problem.message) && (await this.#unloadGone())) {
      problem = await this.#replace(path, source, bytes.toString());
    }
    if (problem !== null) {
      if (!again) this.#fail(path, problem);
      return false;
    }
    const made = this.#made.get(path);
    this.state.setFile(path, { library: made?.library ?? null, problem: null });
    this.deps.log("notice", `${path}: loaded library ${made?.library}`);
    return true;
  }

  /** The file's bytes; null where it has gone again. */
  async #read(path: string): Promise<Buffer | Problem | null> {
    const problem = (message: string): Problem => ({ message, line: null, column: null, frame: "" });
    try {
      const bytes = await readFile(join(this.options.folder, path));
      const isTooLong = bytes.length > SOURCE_MAX;
      return isTooLong ? problem(`${bytes.length} bytes; a procedure's file has at most ${SOURCE_MAX}`) : bytes;
    } catch (error) {
      const isGone = error instanceof Error && "code" in error && error.code === "ENOENT";
      return isGone ? null : problem(`could not be read: ${systemError(error)}`);
    }
  }

  /** Puts the library in the place of what the file made before; null when it serves. */
  async #replace(path: string, source: string, text: string): Promise<Problem | null> {
    const linesAdded = text.startsWith("#!") || !path.endsWith(".lua") ? 0 : 1;
    const name = nameOf(source) ?? libraryOfFile(path);
    const holder = [...this.#made].find(([other, { library }]) => other !== path && library === name)?.[0];
    if (holder !== undefined) {
      const message = `library ${name} is made by ${holder} already; name this one by a line #!… name=…`;
      return { message, line: null, column: null, frame: "" };
    }
    const old = this.#made.get(path);
    const standing = this.deps.libraries().find((library) => library.name === name);
    const isForeign = standing !== undefined && standing.source !== sourceOf(source) && !this.#serves(old, name);
    // Under another name its functions would be there twice.
    const renamed = old !== undefined && old.library !== name && this.#serves(old) ? old : undefined;
    if (renamed !== undefined) await this.#function("DELETE", renamed.library);
    const reply = await this.#function("LOAD", "REPLACE", Buffer.from(source, "latin1"));
    if (reply instanceof ErrorReply) {
      if (renamed !== undefined) await this.#function("LOAD", "REPLACE", bytesOf(renamed.source));
      return problemOf(reply.text, text, linesAdded);
    }
    if (isForeign) {
      this.deps.log("notice", `${path}: library ${name}, which a client or a data file had loaded, is replaced`);
    }
    this.#made.set(path, { library: name, source: sourceOf(source) });
    return null;
  }

  /** Unloads what files made that are not there any more; true where there were some. */
  async #unloadGone(): Promise<boolean> {
    const gone = [...this.#made.keys()].filter((path) => !existsSync(join(this.options.folder, path)));
    for (const path of gone) {
      await this.#unload(path);
      this.state.remove(path);
    }
    return gone.length > 0;
  }

  async #unload(path: string): Promise<void> {
    const made = this.#made.get(path);
    this.#made.delete(path);
    if (made === undefined) return;
    if (!this.#serves(made)) {
      const isThere = this.deps.libraries().some(({ name }) => name === made.library);
      const what = isThere ? "stays: a client has replaced it" : "has gone already";
      this.deps.log("notice", `${path}: deleted; library ${made.library} ${what}`);
      return;
    }
    const reply = await this.#function("DELETE", made.library);
    if (reply instanceof ErrorReply) this.deps.log("warning", `${path}: deleted; ${reply.text}`);
    else this.deps.log("notice", `${path}: deleted, and library ${made.library} with it`);
  }

  /** The library is loaded as the file made it; with `name`: and is called so. */
  #serves(made: Made | undefined, name = made?.library): boolean {
    if (made === undefined || made.library !== name) return false;
    return this.deps.libraries().some((library) => library.name === made.library && library.source === made.source);
  }

  #isMade(name: string): boolean {
    return [...this.#made.values()].some(({ library }) => library === name);
  }

  #fail(path: string, problem: Problem): void {
    const old = this.#made.get(path);
    this.state.setFile(path, { library: old?.library ?? null, problem });
    const serving = old !== undefined && this.#serves(old) ? " (what was there before goes on serving)" : "";
    this.deps.log("warning", `${describeProblem(path, problem)}${serving}`, problem.frame);
  }

  /** A test of something that does not load would only say so again. */
  #mayTest(path: string): boolean {
    return subjectsOf(path).every((subject) => this.state.file(subject)?.problem == null);
  }

  #addTests(path: string, tests: Set<string>): void {
    for (const test of testsOf(path)) if (existsSync(join(this.options.folder, test))) tests.add(test);
  }

  #showTypes(problems: ReadonlyMap<string, readonly Problem[]>, checked: readonly string[]): void {
    for (const path of checked) {
      const file = this.state.file(path);
      if (file === undefined) continue;
      // What it says of the syntax of a file that does not load has been said.
      const own = (problems.get(path) ?? []).filter(
        ({ message }) => file.problem === null || !/^TS1\d{3}:/.test(message),
      );
      const isNews = JSON.stringify(file.types ?? []) !== JSON.stringify(own);
      this.state.setFile(path, { types: own });
      if (!isNews) continue;
      if (own.length === 0) this.deps.log("notice", `${path}: types are sound`);
      for (const problem of own) this.deps.log("warning", describeProblem(path, problem), problem.frame);
    }
  }

  #function(...words: (string | Uint8Array)[]): Promise<ReplyValue> {
    const argv = ["FUNCTION", ...words].map((word) => (typeof word === "string" ? Buffer.from(word) : word));
    return this.deps.request(argv);
  }
}

/** The name in the header; undefined where there is something wrong with it, which the load will tell. */
function nameOf(source: string): string | undefined {
  try {
    return parseHeader(source).name;
  } catch {
    return undefined;
  }
}

/** Against `sourceOf`: a library in Lua is bytes, each a character. */
function bytesOf(source: string): Buffer {
  return Buffer.from(source, /^#!lua\s/i.test(source) ? "latin1" : "utf8");
}
