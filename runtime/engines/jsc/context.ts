/**
 * A library's own realm: a `node:vm` context that holds the language and `Zedis`, nothing else.
 *
 *     new context ─▶ capture primordials ─▶ harden ─▶ make Zedis ─▶ the library's top level
 *
 * What closes the known holes: DONT_CONTEXTIFY (a contextified object leaks the host's Function), no compilation of text
 * at run time, a list of the globals that stay (ShadowRealm, WebAssembly, shared memory and what later versions bring are
 * gone), host functions only in closures of code that runs inside (inside/README.md).
 */
import vm from "node:vm";
import { ALLOWED_GLOBALS } from "../../convert/globals.ts";
import type { CallableCommands } from "../../host/commands.ts";
import { bytesOf, DECK, type DeckAccess, type DeckViews, F64, I32 } from "../../host/deck.ts";
import { LIMITS } from "../../limits.ts";
import type { NestedCalls } from "../../nested.ts";
import { makeArgumentWriter } from "./inside/argument-writer.ts";
import { makeCommands } from "./inside/commands.ts";
import { harden } from "./inside/harden.ts";
import { makeLog } from "./inside/log.ts";
import { makeNested } from "./inside/nested.ts";
import { capturePrimordials } from "./inside/primordials.ts";
import { makeReplyReader } from "./inside/reply-reader.ts";
import { makeTyped } from "./inside/typed.ts";
import { type HostAccess, type Inside, makeZedis } from "./inside/zedis.ts";

export interface LibraryContext {
  readonly context: vm.Context;
  readonly inside: Inside;
}

/** Makes contexts of one core. */
export class ContextFactory {
  readonly #setup: vm.Script;
  readonly #host: Omit<HostAccess, "gate">;

  constructor(
    deck: DeckAccess,
    views: DeckViews,
    private readonly commands: CallableCommands,
    nested: NestedCalls,
  ) {
    const { native, map } = deck;
    this.#host = {
      i32: views.i32,
      bytes: views.bytes,
      get_int: native.get_int,
      get: native.get,
      set_int: native.set_int,
      set: native.set,
      incr_by: native.incr_by,
      exists: native.exists,
      del: native.del,
      call: native.call,
      nest: (keys, argc, total, big, readOnly) => nested.call(keys, argc, total, big, readOnly),
      log: native.log,
      now: native.now,
      bigIn: () => bytesOf(map(views.f64[F64.BIG_PTR] ?? 0, views.f64[F64.BIG_LEN] ?? 0)),
      bigOut: (bytes) => bytesOf(map(native.grow(bytes), bytes)),
    };
    // Function text of this process's own source; nothing of a library is in it.
    this.#setup = new vm.Script(
      `"use strict"; (function (allowed, file, host, rows, denied, slots) {
        const primordials = (${capturePrimordials})();
        (${harden})(allowed, file);
        const makeWriter = ${makeArgumentWriter};
        const makeReader = ${makeReplyReader};
        const makeCommands = ${makeCommands};
        const makeLog = ${makeLog};
        const makeNested = ${makeNested};
        const makeTyped = ${makeTyped};
        return (${makeZedis})({ host, primordials, rows, denied, slots, makeWriter, makeReader, makeCommands, makeLog, makeNested, makeTyped });
      })`,
      { filename: "zedis:inside" },
    );
  }

  /** A hardened realm whose `Zedis` works while the deck's gate holds `gate`. Cost: 0.3 ms and 0.2 MB. */
  create(gate: number, file: string): LibraryContext {
    // The declared type lacks this form of the first parameter.
    const plain = vm.constants.DONT_CONTEXTIFY as unknown as vm.Context;
    const context = vm.createContext(plain, { codeGeneration: { strings: false, wasm: false } });
    const setup = this.#setup.runInContext(context);
    const inside: Inside = setup(
      ALLOWED_GLOBALS,
      file,
      { ...this.#host, gate },
      this.commands.rows,
      this.commands.denied,
      {
        GATE: I32.GATE,
        STATUS: I32.STATUS,
        IN_BIG: I32.IN_BIG,
        IN_LEN: I32.IN_LEN,
        IN_AT: DECK.inAt,
        OUT_AT: DECK.outAt,
        OUT_BYTES: DECK.outBytes,
        LOG_TEXT_MAX: LIMITS.logTextMax,
      },
    );
    return { context, inside };
  }
}
