import { CompileError } from "./compile-error.ts";

/** Languages of a header line, with the engine that runs them unless the header says otherwise. */
export const LANGUAGES = {
  ts: { engine: "jsc", extension: "ts" },
  js: { engine: "jsc", extension: "js" },
  lua: { engine: "lua", extension: "lua" },
} as const;

export type Language = keyof typeof LANGUAGES;

/** Engines a header may ask for by `engine=`. */
const ENGINES: readonly string[] = ["jsc", "quickjs"];

export interface Header {
  readonly language: Language;
  readonly engine: string;
  /** The engine that the line names; where it names none, the server chooses. */
  readonly asked?: string;
  readonly name: string;
  /** Variables of the library begin anew with each call. */
  readonly isolation?: "call";
  /** The source with the header line blanked, so that lines and columns stay; with `line=0`, without that line. */
  readonly body: string;
}

const NAME = /^[A-Za-z0-9_]+$/;
export const BAD_NAME =
  "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long";

/**
 * The first line of a library: `#!ts name=inventory`, `#!js name=inventory engine=quickjs isolation=call`.
 *
 * `line=0` says that the header was put before the author's file: lines are then counted without it, as the author's
 * editor does.
 *
 * Throws CompileError with Redis's texts where Redis has one. Cost: one pass over the first line.
 */
export function parseHeader(source: string): Header {
  if (!source.startsWith("#!")) throw new CompileError("Missing library metadata");
  const end = source.indexOf("\n");
  if (end < 0) throw new CompileError("Invalid library metadata");
  const line = source.slice(2, end).replace(/\r$/, "");
  const [language = "", ...words] = line.split(/\s+/).filter((word, index) => word !== "" || index === 0);

  let name: string | undefined;
  let engine: string | undefined;
  let isolation: string | undefined;
  let added = false;
  for (const word of words) {
    const lower = word.toLowerCase();
    if (lower.startsWith("name=")) {
      if (name !== undefined) throw new CompileError("Invalid metadata value, name argument was given multiple times");
      name = unquote(word.slice("name=".length));
    } else if (lower.startsWith("engine=") && language.toLowerCase() !== "lua") {
      if (engine !== undefined) {
        throw new CompileError("Invalid metadata value, engine argument was given multiple times");
      }
      engine = unquote(word.slice("engine=".length));
    } else if (lower.startsWith("isolation=") && language.toLowerCase() !== "lua") {
      isolation = unquote(word.slice("isolation=".length)).toLowerCase();
    } else if (lower === "line=0") {
      added = true;
    } else {
      throw new CompileError(`Invalid metadata value given: ${word}`);
    }
  }
  if (name === undefined) throw new CompileError("Library name was not given");
  if (!NAME.test(name)) throw new CompileError(BAD_NAME);
  if (!isLanguage(language.toLowerCase())) throw new CompileError(`Engine '${language}' not found`);
  const known = language.toLowerCase() as Language;
  const chosen = engine?.toLowerCase() ?? LANGUAGES[known].engine;
  if (known !== "lua" && !ENGINES.includes(chosen)) {
    throw new CompileError(`Engine '${engine}' not found; engine= takes one of: ${ENGINES.join(", ")}`);
  }
  if (isolation !== undefined && isolation !== "call") {
    throw new CompileError(`isolation= takes one of: call; got '${isolation}'`);
  }
  if (isolation === "call" && engine !== undefined && chosen !== "quickjs") {
    throw new CompileError(`isolation=call needs engine=quickjs; the header asks for engine=${chosen}`);
  }
  const body = added ? source.slice(end + 1) : " ".repeat(end) + source.slice(end);
  return {
    language: known,
    engine: chosen,
    ...(engine === undefined ? {} : { asked: chosen }),
    name,
    body,
    ...(isolation === "call" ? { isolation } : {}),
  };
}

export function isFunctionName(name: string): boolean {
  return NAME.test(name);
}

function isLanguage(word: string): word is Language {
  return Object.hasOwn(LANGUAGES, word);
}

function unquote(text: string): string {
  return /^(["']).*\1$/.test(text) && text.length >= 2 ? text.slice(1, -1) : text;
}
