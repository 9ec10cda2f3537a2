/**
 * The one FFI file of the TypeScript side: every native symbol, and the numbers both sides must agree on. Its mirror is
 * native/src/ffi/. Nothing else imports bun:ffi but ffi-check.ts, which opens the
 * library for one question.
 */
import { dlopen, JSCallback, type Pointer, ptr, toArrayBuffer } from "bun:ffi";
import type { LuaLibraryFacts } from "../../runtime/engines/lua/lua-engine.ts";
import type { TableRow } from "../../runtime/host/commands.ts";
import { DECK, type DeckAccess, F64, I32, type NativeDeck } from "../../runtime/host/deck.ts";
import { CORE_SYMBOLS, coreCalls } from "./ffi-cores.ts";
import { DISK_SYMBOLS, diskCalls } from "./ffi-disk.ts";
import { INNER_SYMBOLS, innerCalls } from "./ffi-inner.ts";
import { LISTEN_SYMBOLS, listenCalls } from "./ffi-listen.ts";
import {
  type ControlRequest,
  type FunctionFigures,
  packed,
  type RunningFunction,
  readControl,
  unpacked,
} from "./native-values.ts";

export type { ControlRequest, FunctionFigures, RunningFunction } from "./native-values.ts";

/** Rises with every change of layout or meaning; native/src/ffi/deck.rs has the same. */
export const ABI = 1;

/** What both sides must agree on, in the order of LAYOUT in native/src/ffi/deck.rs. */
export const LAYOUT: readonly number[] = [
  ABI,
  DECK.bytes,
  DECK.f64At,
  DECK.spansAt,
  DECK.spansMax,
  DECK.inAt,
  DECK.outAt,
  DECK.outBytes,
  I32.FN,
  I32.ARGC,
  I32.NUMKEYS,
  I32.PROTO,
  I32.FLAGS,
  I32.CALL_STATE,
  I32.IN_LEN,
  I32.IN_BIG,
  I32.STATUS,
  I32.UPCALL,
  I32.RETURNED,
  I32.OUTCOME,
  F64.BIG_PTR,
  F64.BIG_LEN,
  F64.VM_BYTES,
];

export interface OpenCore extends DeckAccess {
  readonly killPending: () => void;
  /** `run` is what runs a function by its number when a script in Lua calls it; see runtime/nested.ts. */
  readonly onUpcall: (run: (id: number) => number) => void;
}

const SYMBOLS = {
  zedis_layout: { args: ["ptr", "f64"], returns: "f64" },
  zedis_cpus: { args: [], returns: "f64" },
  zedis_create: { args: ["f64", "f64", "f64", "f64"], returns: "f64" },
  zedis_background_wanted: { args: [], returns: "f64" },
  zedis_background_start: { args: [], returns: "void" },
  zedis_config: { args: ["ptr", "f64", "ptr", "f64", "ptr", "f64"], returns: "f64" },
  zedis_core_open: { args: ["f64", "f64", "f64", "ptr", "f64", "ptr", "f64"], returns: "ptr" },
  zedis_deck: { args: ["ptr"], returns: "ptr" },
  zedis_io: { args: ["ptr", "f64"], returns: "f64" },
  zedis_kill_pending: { args: ["f64"], returns: "void" },
  zedis_run: { args: ["f64", "f64", "f64"], returns: "f64" },
  zedis_control_next: { args: [], returns: "f64" },
  zedis_control_copy: { args: ["ptr"], returns: "void" },
  zedis_log_next: { args: ["ptr", "f64"], returns: "f64" },
  zedis_control_reply: { args: ["f64", "ptr", "f64"], returns: "void" },
  zedis_lua_library: { args: ["ptr", "f64"], returns: "f64" },
  zedis_dump_libraries: { args: ["ptr", "f64"], returns: "f64" },
  zedis_read_libraries: { args: ["ptr", "f64"], returns: "f64" },
  ...DISK_SYMBOLS,
  zedis_kill_lua: { args: ["f64"], returns: "void" },
  zedis_staged: { args: ["ptr"], returns: "void" },
  zedis_publish: { args: ["ptr", "f64", "ptr", "f64"], returns: "f64" },
  zedis_acl_declare: { args: ["ptr", "f64", "ptr", "f64"], returns: "f64" },
  zedis_acl_load: { args: ["ptr", "f64", "ptr", "f64", "ptr", "f64"], returns: "f64" },
  zedis_acl_list: { args: ["ptr", "f64"], returns: "f64" },
  ...INNER_SYMBOLS,
  ...LISTEN_SYMBOLS,
  ...CORE_SYMBOLS,
  zedis_rename: { args: ["ptr", "f64", "ptr", "f64", "ptr", "f64"], returns: "f64" },
  zedis_tls: { args: ["ptr", "f64", "ptr", "f64"], returns: "f64" },
  zedis_mail: { args: ["f64", "ptr", "f64"], returns: "void" },
  zedis_facts: { args: ["ptr", "f64"], returns: "f64" },
  zedis_title: { args: ["ptr", "f64"], returns: "f64" },
  zedis_datagram: { args: ["ptr", "f64", "ptr", "f64"], returns: "f64" },
  zedis_stop: { args: [], returns: "void" },
  zedis_reset_stats: { args: [], returns: "void" },
  zedis_tell_slow: { args: [], returns: "void" },
  zedis_running: { args: ["f64", "ptr", "f64"], returns: "f64" },
  zedis_function_figures: { args: ["ptr", "f64"], returns: "f64" },
  zedis_mark_kill: { args: ["f64", "f64"], returns: "f64" },
  zedis_kill_queued: { args: ["f64"], returns: "f64" },
  zedis_table: { args: ["ptr", "f64"], returns: "f64" },
  zedis_get_int: { args: ["f64", "f64"], returns: "f64" },
  zedis_get: { args: ["f64", "f64"], returns: "f64" },
  zedis_set_int: { args: ["f64", "f64", "f64"], returns: "f64" },
  zedis_set: { args: ["f64", "f64", "f64"], returns: "f64" },
  zedis_incr_by: { args: ["f64", "f64", "f64"], returns: "f64" },
  zedis_exists: { args: ["f64", "f64"], returns: "f64" },
  zedis_del: { args: ["f64", "f64"], returns: "f64" },
  zedis_call: { args: ["f64", "f64", "f64", "f64", "f64"], returns: "f64" },
  zedis_nest: { args: ["f64", "f64", "f64", "f64", "f64", "f64"], returns: "f64" },
  zedis_unnest: { args: ["f64", "f64", "f64"], returns: "f64" },
  zedis_set_upcall: { args: ["f64", "f64"], returns: "void" },
  zedis_grow: { args: ["f64", "f64"], returns: "f64" },
  zedis_now: { args: ["f64"], returns: "f64" },
  zedis_log: { args: ["f64", "f64", "f64"], returns: "f64" },
} as const;

const ERROR_BYTES = 1024;
/** What is wrong with a file of users: a sentence for each line that is. */
const ACL_ERROR_BYTES = 64 * 1024;
/** A line of a procedure in the log, bytes; what is longer is cut. */
const LOG_LINE_BYTES = 8192;
/** Room for what a core says it runs. */
const RUNNING_BYTES = 32 * 1024;

/** One row of the native command table. */
export interface CommandRow extends TableRow {
  readonly kind: "data" | "session" | "container" | "control" | "call";
}

export const IO = { auto: 0, uring: 1, epoll: 2 } as const;

export type Native = ReturnType<typeof loadNative>;

/** Loads the native library. Throws where it is missing or does not fit this TypeScript. */
export function loadNative(path: string) {
  const { symbols: native } = dlopen(path, SYMBOLS);
  assertLayout(native.zedis_layout);
  const failure = new Uint8Array(ERROR_BYTES);
  const line = new Uint8Array(LOG_LINE_BYTES);
  const running = new Uint8Array(RUNNING_BYTES);
  const failureText = (bytes: number): string => Buffer.from(failure.subarray(0, bytes)).toString();

  const staged = (bytes: number): Buffer => takeStaged(native.zedis_staged, bytes);
  const passing = { at, staged, failure: ptr(failure), failureBytes: ERROR_BYTES, failureText };

  return {
    ...diskCalls<Pointer | null>(native, passing),
    ...innerCalls<Pointer | null>(native, at, staged),
    ...listenCalls<Pointer | null>(native, at, { at: ptr(failure), capacity: ERROR_BYTES, text: failureText }),
    ...coreCalls(native),
    /** Processors this process may use. */
    cpus: (): number => native.zedis_cpus(),

    /** Gives a command another name, or takes it away (empty); before `create`. Null, or the error's text. */
    rename(from: string, to: string): string | null {
      const [f, t] = [Buffer.from(from), Buffer.from(to)];
      const bytes = native.zedis_rename(at(f), f.length, at(t), t.length, ptr(failure), ERROR_BYTES);
      return bytes === 0 ? null : failureText(bytes);
    },

    /** Makes the server, with room for `background` cores behind those that serve; once. */
    create(cores: number, background: number, shards: number, databases: number): void {
      if (native.zedis_create(cores, background, shards, databases) !== 0) {
        throw new RangeError(
          `cannot make a server of ${cores} cores (${background} more in the background), ${shards} shards, ${databases} databases`,
        );
      }
    },

    /** Has a call come for the background cores? */
    backgroundWanted: (): boolean => native.zedis_background_wanted() !== 0,

    /** From now on the background cores are sent what all cores are. */
    startBackground: (): void => native.zedis_background_start(),

    /** Tells a directive; null when it is taken, otherwise the error's text. */
    push(name: string, value: string): string | null {
      const [n, v] = [Buffer.from(name), Buffer.from(value)];
      const bytes = native.zedis_config(at(n), n.length, at(v), v.length, ptr(failure), ERROR_BYTES);
      return bytes === 0 ? null : failureText(bytes);
    },

    /** Opens a core on this thread, or takes over one whose worker was ended. Throws where I/O cannot be set up. */
    openCore(core: number, io: number, cpu: number, unixPath: string): OpenCore {
      const path = Buffer.from(unixPath);
      const bridge = native.zedis_core_open(core, io, cpu, at(path), path.length, ptr(failure), ERROR_BYTES);
      if (bridge === null) throw new Error(failureText(failure.indexOf(0)));
      const b = Number(bridge);
      const deck: NativeDeck = {
        run: (_core, outcome, n) => native.zedis_run(b, outcome, n),
        grow: (n) => native.zedis_grow(b, n),
        get_int: (k) => native.zedis_get_int(b, k),
        get: (k) => native.zedis_get(b, k),
        set_int: (k, value) => native.zedis_set_int(b, k, value),
        set: (k, valueBytes) => native.zedis_set(b, k, valueBytes),
        incr_by: (k, delta) => native.zedis_incr_by(b, k, delta),
        exists: (k) => native.zedis_exists(b, k),
        del: (k) => native.zedis_del(b, k),
        call: (command, argc, total, big) => native.zedis_call(b, command, argc, total, big),
        nest: (keys, argc, total, big, readOnly) => native.zedis_nest(b, keys, argc, total, big, readOnly),
        unnest: (outcome, n) => native.zedis_unnest(b, outcome, n),
        log: (level, bytes) => native.zedis_log(b, level, bytes),
        now: () => native.zedis_now(b),
      };
      const address = native.zedis_deck(bridge);
      if (address === null) throw new Error(`core ${core} has no deck`);
      return {
        core,
        native: deck,
        memory: toArrayBuffer(address, 0, DECK.bytes),
        map: (pointer, bytes) => toArrayBuffer(pointer as Pointer, 0, bytes),
        killPending: () => native.zedis_kill_pending(b),
        onUpcall: (run) => {
          // It lives as long as the worker: native code may call it whenever it runs.
          const callback = new JSCallback(run, { args: ["f64"], returns: "f64" });
          native.zedis_set_upcall(b, callback.ptr as number);
        },
      };
    },

    /** Name of the I/O backend in use. */
    io: (): string => failureText(native.zedis_io(ptr(failure), ERROR_BYTES)),

    /** The next request for the main thread. */
    nextControl(): ControlRequest | null {
      const bytes = native.zedis_control_next();
      if (bytes === 0) return null;
      const raw = Buffer.alloc(bytes);
      native.zedis_control_copy(ptr(raw));
      return readControl(raw);
    },

    /** The next line that a procedure logged, or null. */
    nextLogLine(): { readonly level: number; readonly text: string } | null {
      const bytes = native.zedis_log_next(ptr(line), LOG_LINE_BYTES);
      return bytes === 0 ? null : { level: line[0] ?? 0, text: Buffer.from(line.subarray(1, bytes)).toString() };
    },

    /** Answers a control request with RESP bytes. */
    replyControl(id: number, reply: Uint8Array): void {
      native.zedis_control_reply(id, at(reply), reply.length);
    },

    /** What the top level of a library in Lua registers. */
    luaLibrary(code: Uint8Array): LuaLibraryFacts {
      return JSON.parse(takeStaged(native.zedis_staged, native.zedis_lua_library(at(code), code.length)).toString());
    },
    /** The payload of FUNCTION DUMP for these sources. */
    dumpLibraries(sources: readonly Uint8Array[]): Uint8Array {
      const joined = packed(sources);
      return takeStaged(native.zedis_staged, native.zedis_dump_libraries(at(joined), joined.length));
    },
    /** The sources in such a payload, or the text of the error. */
    readLibraries(payload: Uint8Array): readonly Buffer[] | string {
      const bytes = native.zedis_read_libraries(at(payload), payload.length);
      const staged = takeStaged(native.zedis_staged, Math.abs(bytes));
      if (bytes < 0) return staged.toString();
      return unpacked(staged);
    },
    killLua: (core: number): void => native.zedis_kill_lua(core),
    /** Publishes the manifest (see runtime/registry.ts). Throws if native code refuses it. */
    publish(json: string): void {
      const text = Buffer.from(json);
      const bytes = native.zedis_publish(at(text), text.length, ptr(failure), ERROR_BYTES);
      if (bytes !== 0) throw new Error(`the manifest was refused: ${failureText(bytes)}`);
    },

    /** Takes the TLS directives, files by their contents, for connections to come; null, or what is wrong. */
    setTls(directives: object): string | null {
      const json = Buffer.from(JSON.stringify(directives));
      const bytes = native.zedis_tls(at(json), json.length, ptr(failure), ERROR_BYTES);
      return bytes === 0 ? null : failureText(bytes);
    },

    /** Makes the user that a line of the configuration declares (its words without `user`); null, or the error's text. */
    declareUser(words: readonly Uint8Array[]): string | null {
      const joined = packed(words);
      const bytes = native.zedis_acl_declare(at(joined), joined.length, ptr(failure), ERROR_BYTES);
      return bytes === 0 ? null : failureText(bytes);
    },

    /** Takes the users of an ACL file in place of all there are; null, or what is wrong with the file. */
    loadUsers(path: string, text: Uint8Array): string | null {
      const name = Buffer.from(path);
      const room = new Uint8Array(ACL_ERROR_BYTES);
      const bytes = native.zedis_acl_load(at(name), name.length, at(text), text.length, ptr(room), room.length);
      return bytes === 0 ? null : Buffer.from(room.subarray(0, bytes)).toString();
    },

    /** The lines of all users, as ACL files have them. */
    users(): Uint8Array {
      for (let capacity = 64 * 1024; ; ) {
        const room = new Uint8Array(capacity);
        const bytes = native.zedis_acl_list(ptr(room), capacity);
        if (bytes <= capacity) return room.subarray(0, bytes);
        capacity = 2 * bytes;
      }
    },

    /** Sends a message to the VM of a core. */
    mail(core: number, message: string): void {
      const text = Buffer.from(message);
      native.zedis_mail(core, at(text), text.length);
    },

    /** Facts for INFO. */
    facts(facts: object): void {
      const text = Buffer.from(JSON.stringify(facts));
      if (native.zedis_facts(at(text), text.length) !== 0) throw new TypeError("facts do not fit");
    },

    /** Shows `text` as the title of the process, as much of it as fits. */
    setTitle(text: string): void {
      const bytes = Buffer.from(text);
      native.zedis_title(at(bytes), bytes.length);
    },

    /** Sends a datagram to a socket of this machine, by its path or `@` and its abstract name; false where nobody took it. */
    datagram(path: string, bytes: Uint8Array): boolean {
      const name = Buffer.from(path);
      return native.zedis_datagram(at(name), name.length, at(bytes), bytes.length) === 0;
    },

    stop: (): void => native.zedis_stop(),
    resetStats: (): void => native.zedis_reset_stats(),

    /** Puts a line into the log for each function in JavaScript that has become slow. */
    tellSlow: (): void => native.zedis_tell_slow(),

    /** What core `core` runs now, or null. */
    running(core: number): RunningFunction | null {
      const bytes = native.zedis_running(core, ptr(running), running.length);
      return bytes === 0 ? null : JSON.parse(Buffer.from(running.subarray(0, bytes)).toString());
    },

    /** What each function of the libraries did, by name. */
    functionFigures(): FunctionFigures[] {
      for (let capacity = 64 * 1024; ; ) {
        const room = new Uint8Array(capacity);
        const bytes = native.zedis_function_figures(ptr(room), capacity);
        if (bytes <= capacity) return JSON.parse(Buffer.from(room.subarray(0, bytes)).toString());
        capacity = 2 * bytes;
      }
    },

    /** What the core runs now is to fail as killed once another VM has taken over, even if it had not begun. */
    markKill: (core: number): boolean => native.zedis_mark_kill(core, 1) !== 0,
    isMarked: (core: number): boolean => native.zedis_mark_kill(core, 0) !== 0,
    killQueued: (leastMs: number): boolean => native.zedis_kill_queued(leastMs) !== 0,

    /** The command table. */
    table(): CommandRow[] {
      const bytes = native.zedis_table(ptr(failure), 0);
      const room = new Uint8Array(bytes);
      native.zedis_table(ptr(room), bytes);
      return JSON.parse(Buffer.from(room).toString());
    },
  };
}

/** The `bytes` that native code has staged. */
export function takeStaged(copy: (room: Pointer) => void, bytes: number): Buffer {
  const raw = Buffer.alloc(Math.max(bytes, 1));
  copy(ptr(raw));
  return raw.subarray(0, bytes);
}

/** bun:ffi has no pointer to an empty array; native code does not look at one of length 0. */
export function at(bytes: Uint8Array): Pointer | null {
  return bytes.length === 0 ? null : ptr(bytes);
}

function assertLayout(layout: (out: Pointer, capacity: number) => number): void {
  const native = new Uint32Array(LAYOUT.length);
  const count = layout(ptr(native), native.length);
  if (count !== LAYOUT.length || LAYOUT.some((number, index) => native[index] !== number)) {
    throw new Error(
      `the native library does not fit this TypeScript (its layout ${[...native]}, ours ${LAYOUT}): ` +
        "build it again with `bun run build`",
    );
  }
}
