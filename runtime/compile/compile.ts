/**
 * From a library's source to data that every core can thaw:
 *
 *     #!ts name=shop          header.ts       language, engine, name
 *     export function f(…)    swc.ts          syntax tree
 *                             forbidden.ts    no import(), no await at the top level
 *                             top-level.ts    functions, exports, the words of `export` to blank
 *                             signature.ts    parameters: names, kinds; jsdoc.ts: flags, description
 *                             swc.ts          types stripped, source map; before it tail-calls.ts: frames stay in stack traces
 *                             wrap            one function expression that returns the registered functions
 *
 * Nothing of the library runs here.
 */
import { LIMITS } from "../limits.ts";
import type { CompiledLibrary, FunctionSchema } from "../schema.ts";
import { CompileError } from "./compile-error.ts";
import { refuseForbidden } from "./forbidden.ts";
import { type Header, isFunctionName, LANGUAGES, parseHeader } from "./header.ts";
import { parseDocComment } from "./jsdoc.ts";
import { declaredTypes, parametersOf } from "./signature.ts";
import { FIRST_OFFSET, SourceText } from "./source-text.ts";
import type { SwcCompiler } from "./swc.ts";
import { keepFrames, TAIL } from "./tail-calls.ts";
import { readTopLevel, type TopLevel } from "./top-level.ts";

/** Lines that wrap() puts before the stripped text. */
export const WRAP_LINES = 1;

/** `source` as a library. Throws CompileError. Cost: below a millisecond per 100 lines once SWC is loaded. */
export function compileLibrary(source: string, swc: SwcCompiler): Omit<CompiledLibrary, "bytecode"> {
  if (Buffer.byteLength(source) > LIMITS.sourceBytesMax) {
    throw new CompileError(`The library has more than ${LIMITS.sourceBytesMax} bytes`);
  }
  const header = parseHeader(source);
  const filename = `${header.name}.${LANGUAGES[header.language].extension}`;
  const text = new SourceText(header.body);
  const tree = swc.parse(header.body, header.language);
  refuseForbidden(tree.body, text);
  const topLevel = readTopLevel(tree.body, text, FIRST_OFFSET);
  const functions = registered(topLevel, text, tree.body);
  const edited = text.edit(topLevel.blanks, keepFrames(tree.body));
  const stripped = swc.strip(edited.text, header.language, filename);
  return {
    name: header.name,
    engine: header.engine,
    ...(header.isolation === undefined ? {} : { isolation: header.isolation }),
    language: header.language,
    code: wrap(
      stripped.code,
      [...functions.keys()].map((name) => topLevel.exports.get(name) ?? name),
    ),
    mappings: stripped.mappings,
    shifts: edited.shifts,
    functions: [...functions.values()],
  };
}

/** The name of a library's file, as errors show it. */
export function sourceName(library: Pick<Header, "name"> & { readonly language: string }): string {
  return `${library.name}.${library.language}`;
}

/** Exported functions, or all functions of the top level where nothing is exported; by the name that FCALL uses. */
function registered(
  topLevel: TopLevel,
  text: SourceText,
  items: Parameters<typeof declaredTypes>[0],
): Map<string, FunctionSchema> {
  const declared = declaredTypes(items);
  const chosen: [string, string][] =
    topLevel.exports.size > 0 ? [...topLevel.exports] : [...topLevel.functions.keys()].map((name) => [name, name]);
  const found = new Map<string, FunctionSchema>();
  for (const [name, binding] of chosen) {
    const one = topLevel.functions.get(binding);
    // export { LIMIT }: a constant is for other exports to use, not for FCALL.
    if (one === undefined) continue;
    const { line, column } = text.position(one.span.start);
    if (one.generator) {
      if (topLevel.exports.size === 0) continue;
      throw new CompileError(`Function ${name} is a generator: FCALL needs a function that returns`, line, column);
    }
    if (!isFunctionName(name)) {
      const rule = "can only contain letters, numbers, or underscores(_) and must be at least one character long";
      throw new CompileError(`Function names ${rule}: '${name}'`, line, column);
    }
    found.set(name, {
      name,
      ...parseDocComment(text.slice(one.gap)),
      async: one.async,
      parameters: parametersOf(name, one.patterns, declared, text),
      result: one.resultType === undefined ? "" : text.slice(one.resultType).replace(/\s+/g, " "),
    });
  }
  if (found.size === 0) throw new CompileError("No functions registered");
  if (found.size > LIMITS.functionsPerLibraryMax) {
    throw new CompileError(
      `The library has ${found.size} functions; at most ${LIMITS.functionsPerLibraryMax} are allowed`,
    );
  }
  return found;
}

/** The first line stands alone, so that lines below keep their columns and are off by WRAP_LINES. */
function wrap(code: string, bindings: readonly string[]): string {
  return `(function () { "use strict"; let ${TAIL};\n${code}\nreturn [${bindings.join(", ")}];\n})`;
}
