/** FUNCTION and its subcommands, as a control command. Replies and errors are Redis's; LIST WITHTYPES also shows parameters. */
import { type ControlCommand, ErrorReply, OK, type ReplyValue, Simple } from "../src/core/reply.ts";
import { LANGUAGES, parseHeader } from "./compile/header.ts";
import { FUNCTION_HELP } from "./function-help.ts";
import { matchesGlob } from "./glob.ts";
import { type LibraryRegistry, type LoadedLibrary, RegistryError } from "./registry.ts";
import type { NumberedFunction } from "./schema.ts";
import type { LibraryVersions } from "./versions.ts";

/** A procedure that has been running for longer than the loop's patience. */
export interface RunningProcedure {
  readonly name: string;
  /** The request that called it. */
  readonly command: readonly (string | Uint8Array)[];
  readonly durationMs: number;
}

/** Counts and times of one function, beside its name and library. */
export interface FunctionFigures {
  readonly name: string;
  readonly library: string;
  readonly [figure: string]: number | string;
}

export interface FunctionCommandDeps {
  readonly registry: LibraryRegistry;
  /** Redis's payload of libraries' sources, and the sources in one, or what is wrong with it. */
  readonly payload: {
    readonly write: (sources: readonly Uint8Array[]) => Uint8Array;
    readonly read: (payload: Uint8Array) => readonly Uint8Array[] | string;
  };
  readonly running: () => RunningProcedure | null;
  /** What each function did so far, by name. */
  readonly figures: () => readonly FunctionFigures[];
  /** What is replied instead while a script of EVAL runs, or null. */
  readonly busyText?: () => string | null;
  /** The last sources of each library. */
  readonly versions: Pick<LibraryVersions, "of" | "forgetAll">;
  /** "OK", or the error's text with its code: `NOTBUSY No scripts in execution right now.` */
  readonly kill: () => string;
}

type Subcommand = (
  args: readonly string[],
  deps: FunctionCommandDeps,
  user: string,
) => ReplyValue | Promise<ReplyValue>;

/** Least and most arguments after the subcommand's name. */
const SUBCOMMANDS: Readonly<Record<string, { least: number; most: number; run: Subcommand }>> = {
  load: { least: 1, most: Infinity, run: load },
  list: { least: 0, most: Infinity, run: list },
  delete: { least: 1, most: 1, run: remove },
  flush: { least: 0, most: Infinity, run: flush },
  stats: { least: 0, most: 1, run: stats },
  versions: { least: 1, most: 2, run: versions },
  kill: { least: 0, most: 0, run: kill },
  help: { least: 0, most: 0, run: () => FUNCTION_HELP.map((line) => new Simple(line)) },
  dump: { least: 0, most: 0, run: dump },
  restore: { least: 1, most: Infinity, run: restore },
};

/** The handler of FUNCTION for the main thread's control table. */
export function functionCommand(deps: FunctionCommandDeps): ControlCommand {
  return async (argv, { user = "default" }) => {
    const [, name, ...rest] = argv.map((arg) => Buffer.from(arg).toString());
    // A source may hold any bytes: LOAD and RESTORE are given each as a character.
    const isSource = /^(?:load|restore)$/i.test(name ?? "");
    const args = isSource ? argv.slice(2).map((arg) => Buffer.from(arg).toString("latin1")) : rest;
    if (name === undefined) return error("wrong number of arguments for 'function' command");
    const lower = name.toLowerCase();
    const subcommand = Object.hasOwn(SUBCOMMANDS, lower) ? SUBCOMMANDS[lower] : undefined;
    if (subcommand === undefined) return error(`unknown subcommand '${name.slice(0, 128)}'. Try FUNCTION HELP.`);
    if (args.length < subcommand.least || args.length > subcommand.most) {
      return error(`wrong number of arguments for 'function|${lower}' command`);
    }
    if (args.length > ({ restore: 2, flush: 1 }[lower] ?? Infinity)) {
      return error(`unknown subcommand or wrong number of arguments for '${name}'. Try FUNCTION HELP.`);
    }
    try {
      return await subcommand.run(args, deps, user);
    } catch (thrown) {
      if (thrown instanceof RegistryError) return error(thrown.message);
      throw thrown;
    }
  };
}

async function load(args: readonly string[], { registry }: FunctionCommandDeps, user: string): Promise<ReplyValue> {
  let replace = false;
  for (const option of args.slice(0, -1)) {
    if (option.toLowerCase() !== "replace") return error(`Unknown option given: ${option}`);
    replace = true;
  }
  return registry.load(sourceOf(args.at(-1) ?? ""), replace, user);
}

/** A library in Lua is bytes, each a character here; one in another language is text in UTF-8. */
export function sourceOf(bytes: string): string {
  return /^#!lua\s/i.test(bytes) ? bytes : Buffer.from(bytes, "latin1").toString();
}

function list(args: readonly string[], { registry }: FunctionCommandDeps): ReplyValue {
  let pattern: string | undefined;
  let withCode = false;
  let withTypes = false;
  for (let index = 0; index < args.length; index++) {
    const option = args[index] ?? "";
    if (!withCode && option.toLowerCase() === "withcode") withCode = true;
    else if (!withTypes && option.toLowerCase() === "withtypes") withTypes = true;
    else if (pattern === undefined && option.toLowerCase() === "libraryname") {
      pattern = args[++index];
      if (pattern === undefined) return error("library name argument was not given");
    } else return error(`Unknown argument ${option}`);
  }
  return registry
    .list()
    .filter((library) => pattern === undefined || matchesGlob(pattern, library.name))
    .map((library) => libraryReply(library, withCode, withTypes));
}

function libraryReply(library: LoadedLibrary, withCode: boolean, withTypes: boolean): ReplyValue {
  const reply = new Map<string, ReplyValue>([
    ["library_name", library.name],
    ["engine", engineShown(library)],
    ["functions", library.functions.map((fn) => functionReply(fn, withTypes))],
  ]);
  if (withCode) {
    const { language, source } = library;
    reply.set("library_code", language === "lua" ? Buffer.from(source, "latin1") : source);
  }
  return reply;
}

/** `TS`, `JS`, `LUA`; with the engine's name where it is not the language's own: `TS (quickjs)`. */
function engineShown({ language, image }: LoadedLibrary): string {
  const own = LANGUAGES[language as keyof typeof LANGUAGES]?.engine;
  return image.engine === own ? language.toUpperCase() : `${language.toUpperCase()} (${image.engine})`;
}

/** Clients refuse fields that they do not know (go-redis), so parameters and result are shown only where they are asked for. */
function functionReply(fn: NumberedFunction, withTypes: boolean): ReplyValue {
  const reply = new Map<string, ReplyValue>([
    ["name", fn.name],
    ["description", fn.description === "" ? null : fn.description],
    ["flags", new Set(fn.flags.map((flag) => new Simple(flag)))],
  ]);
  if (!withTypes) return reply;
  const parameters = fn.parameters.map(
    ({ name, type, optional, rest }) =>
      new Map<string, ReplyValue>([
        ["name", name],
        ["type", rest ? `${/[|&]/.test(type) ? `(${type})` : type}[]` : type],
        ["optional", optional],
        ["rest", rest],
      ]),
  );
  return reply.set("parameters", parameters).set("returns", fn.result === "" ? null : fn.result);
}

async function remove(args: readonly string[], { registry }: FunctionCommandDeps): Promise<ReplyValue> {
  await registry.delete(args[0] ?? "");
  return OK;
}

async function flush(args: readonly string[], { registry, versions: kept }: FunctionCommandDeps): Promise<ReplyValue> {
  // Both end the same: nothing names the functions any more, and the cores let them go between two calls.
  if (args.length === 1 && !/^(?:a?sync)$/i.test(args[0] ?? "")) {
    return error("FUNCTION FLUSH only supports SYNC|ASYNC option");
  }
  await registry.flush();
  kept.forgetAll();
  return OK;
}

/** The last sources of a library, the latest first; also of one that was deleted. */
function versions([name = "", option]: readonly string[], deps: FunctionCommandDeps): ReplyValue {
  if (option !== undefined && option.toLowerCase() !== "withcode") return error(`Unknown argument ${option}`);
  const live = deps.registry.list().find((library) => library.name === name);
  const kept = deps.versions.of(name);
  if (live === undefined && kept.length === 0) return error("Library not found");
  return kept.map(({ version, loadedMs, user, digest, language, source }, index) => {
    const reply = new Map<string, ReplyValue>([
      ["version", version],
      ["loaded_ms", loadedMs],
      ["user", user],
      ["digest", digest],
      ["language", language.toUpperCase()],
      ["bytes", source.length],
      ["live", index === 0 && live !== undefined],
    ]);
    return option === undefined ? reply : reply.set("library_code", source);
  });
}

/** Clients refuse a third field that they do not know (go-redis), so figures are shown only where they are asked for. */
function stats([option]: readonly string[], deps: FunctionCommandDeps): ReplyValue {
  const { registry, running, figures } = deps;
  if (option !== undefined && option.toLowerCase() !== "withfunctions") {
    return error("wrong number of arguments for 'function|stats' command");
  }
  const busy = deps.busyText?.() ?? null;
  if (busy !== null) return new ErrorReply(busy);
  const current = running();
  const libraries = registry.list();
  const engines = Object.keys(LANGUAGES).map((language): [string, ReplyValue] => {
    const own = libraries.filter((library) => library.language === language);
    return [
      language.toUpperCase(),
      new Map<string, ReplyValue>([
        ["libraries_count", own.length],
        ["functions_count", own.reduce((sum, library) => sum + library.functions.length, 0)],
      ]),
    ];
  });
  const reply = new Map<string, ReplyValue>([
    [
      "running_script",
      current === null
        ? null
        : new Map<string, ReplyValue>([
            ["name", current.name],
            ["command", [...current.command]],
            ["duration_ms", Math.floor(current.durationMs)],
          ]),
    ],
    ["engines", new Map(engines)],
  ]);
  if (option === undefined) return reply;
  const functions = figures().map(({ name, ...rest }): [string, ReplyValue] => [
    name,
    new Map<string, ReplyValue>(Object.entries(rest).map(([key, value]) => [key, figure(value)])),
  ]);
  return reply.set("functions", new Map(functions));
}

/** Times have fractions of a microsecond, which not every protocol has numbers for. */
function figure(value: number | string): ReplyValue {
  return typeof value === "string" || Number.isInteger(value) ? value : value.toFixed(3);
}

function kill(_args: readonly string[], deps: FunctionCommandDeps): ReplyValue {
  const answer = deps.kill();
  return answer === "OK" ? OK : new ErrorReply(answer);
}

function dump(_args: readonly string[], { registry, payload }: FunctionCommandDeps): ReplyValue {
  return payload.write(sourceBytes(registry));
}

/** The sources of all libraries, as files hold them. */
export function sourceBytes(registry: Pick<LibraryRegistry, "list">): Uint8Array[] {
  return registry.list().map(keptSource);
}

/**
 * A library's source as files and the log hold it. What runs in quickjs says so there: whoever loads it again is trusted, and its author
 * need not have been.
 */
export function keptSource({ language, source, image }: LoadedLibrary): Uint8Array {
  if (language === "lua") return Buffer.from(source, "latin1");
  const header = parseHeader(source);
  if (image.engine !== "quickjs" || header.asked === "quickjs" || header.isolation !== undefined) {
    return Buffer.from(source);
  }
  const end = source.indexOf("\n");
  const words = source.slice(0, end).replace(/\r$/, "").split(/\s+/);
  const kept = words.filter((word) => !word.toLowerCase().startsWith("engine="));
  return Buffer.from(`${[...kept, "engine=quickjs"].join(" ")}${source.slice(end)}`);
}

async function restore(
  args: readonly string[],
  { registry, payload }: FunctionCommandDeps,
  user: string,
): Promise<ReplyValue> {
  const [bytes = "", given = "append"] = args;
  const policy = given.toLowerCase();
  if (policy !== "append" && policy !== "replace" && policy !== "flush") {
    return error("Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
  }
  const sources = payload.read(Buffer.from(bytes, "latin1"));
  if (typeof sources === "string") return error(sources);
  await registry.restoreAll(
    sources.map((source) => sourceOf(Buffer.from(source).toString("latin1"))),
    policy,
    user,
  );
  return OK;
}

function error(text: string): ErrorReply {
  return new ErrorReply(`ERR ${text}`);
}
