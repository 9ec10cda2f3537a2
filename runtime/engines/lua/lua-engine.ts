/**
 * Libraries in Lua. They run in the native interpreter of each core, which makes them ready at their first call, so of an engine's two
 * halves only the main thread's is here: it asks native code what a library's top level registers.
 */
import { CompileError } from "../../compile/compile-error.ts";
import { parseHeader } from "../../compile/header.ts";
import type { EngineCompiler } from "../../engine.ts";
import type { CompiledLibrary, FunctionFlag } from "../../schema.ts";

export const LUA_ENGINE = "lua";

/** What native code says of a library's code: its functions, or the text of the error. */
export interface LuaLibraryFacts {
  readonly error?: string;
  readonly functions?: readonly {
    readonly name: string;
    readonly description: string | null;
    readonly flags: readonly FunctionFlag[];
  }[];
}

export class LuaCompiler implements EngineCompiler {
  readonly name = LUA_ENGINE;
  readonly native = true;

  /** `look` runs the top level of the code, for as long as Redis lets it, in an interpreter of its own. */
  constructor(private readonly look: (code: Uint8Array) => LuaLibraryFacts) {}

  async compile(source: string): Promise<CompiledLibrary> {
    const { name, language } = parseHeader(source);
    // The header's line stays as an empty one, so that lines are counted as in the file.
    const code = source.slice(source.indexOf("\n"));
    const { error, functions = [] } = this.look(Buffer.from(code, "latin1"));
    if (error !== undefined) throw new CompileError(error);
    if (functions.length === 0) throw new CompileError("No functions registered");
    return {
      name,
      engine: LUA_ENGINE,
      language,
      code,
      mappings: "",
      shifts: [],
      bytecode: "",
      functions: functions.map((fn) => ({
        name: fn.name,
        description: fn.description ?? "",
        flags: fn.flags,
        async: false,
        parameters: [],
        result: "",
      })),
    };
  }
}
