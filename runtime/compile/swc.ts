import type * as Swc from "@swc/core";
import { CompileError } from "./compile-error.ts";
import type { Language } from "./header.ts";

export interface Stripped {
  readonly code: string;
  /** Mappings of a source map, version 3. */
  readonly mappings: string;
}

/** The parts of SWC that a library's compilation needs. */
export interface SwcCompiler {
  parse(text: string, language: Language): Swc.Module;
  strip(text: string, language: Language, filename: string): Stripped;
}

/**
 * SWC, loaded on first use: its library takes 20 MB of memory that a server without procedures need not spend.
 * Cost: about 30 ms the first time.
 */
export async function loadSwc(): Promise<SwcCompiler> {
  const swc = await import("@swc/core");
  return {
    parse: (text, language) => guarded(() => swc.parseSync(text, { ...parser(language), target: "esnext" })),
    strip: (text, language, filename) =>
      guarded(() => {
        const { code, map } = swc.transformSync(text, {
          filename,
          isModule: true,
          swcrc: false,
          configFile: false,
          sourceMaps: true,
          jsc: { parser: parser(language), target: "esnext" },
          module: { type: "es6" },
        });
        const parsed: { mappings?: string } = map === undefined ? {} : JSON.parse(map);
        return { code, mappings: parsed.mappings ?? "" };
      }),
  };
}

function parser(language: Language): Swc.ParserConfig {
  return language === "ts" ? { syntax: "typescript" } : { syntax: "ecmascript" };
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw syntaxError(error instanceof Error ? error.message : String(error));
  }
}

/** On a terminal SWC draws its report in colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters.
const COLOURS = /\x1b\[[\d;]*m/g;

/**
 * SWC's report as one line with a place:
 *
 *       x Unexpected token `=`. Expected …
 *        ,-[x.ts:1:1]
 *      1 | let x: = 5;
 *        :        ^        ← the line above it has the number, the caret the column
 */
export function syntaxError(coloured: string): CompileError {
  const report = coloured.replace(COLOURS, "");
  const lines = report.split("\n");
  const message = (lines[0] ?? "").replace(/^\s*[x×]\s*/, "");
  let line: number | undefined;
  for (const text of lines) {
    const numbered = /^\s*(\d+) [|│]/.exec(text);
    if (numbered?.[1] !== undefined) line = Number(numbered[1]);
    const caret = /^\s*[:·] (\s*)[\^─┬]/.exec(text);
    if (caret?.[1] !== undefined && line !== undefined) {
      return new CompileError(`Error compiling function: ${message}`, line, caret[1].length + 1);
    }
  }
  // What is missing at the end of the file has no caret, but the head of the report tells where that is.
  const place = /^\s*[,╭][-─]+\[(?:.*:)?(\d+):(\d+)\]/m.exec(report);
  return new CompileError(
    `Error compiling function: ${message}`,
    ...(place === null ? [] : ([Number(place[1]), Number(place[2])] as const)),
  );
}
