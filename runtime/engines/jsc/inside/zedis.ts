import type { Bytes } from "../../../host/deck.ts";
import type { ArgumentWriter } from "./argument-writer.ts";
import type { makeCommands } from "./commands.ts";
import type { makeLog } from "./log.ts";
import type { makeNested } from "./nested.ts";
import type { Primordials } from "./primordials.ts";
import type { ReplyReader } from "./reply-reader.ts";
import type { makeTyped } from "./typed.ts";

/** The host's side, as a context gets it. Nothing here may ever reach the library, nor anything these throw. */
export interface HostAccess {
  /** The library's number: `i32[GATE]` holds it while a call of the library runs. */
  readonly gate: number;
  readonly i32: Int32Array;
  readonly bytes: Bytes;
  readonly get_int: (k: number) => number;
  readonly get: (k: number) => number;
  readonly set_int: (k: number, value: number) => number;
  readonly set: (k: number, valueBytes: number) => number;
  readonly incr_by: (k: number, delta: number) => number;
  readonly exists: (k: number) => number;
  readonly del: (k: number) => number;
  readonly call: (command: number, argc: number, totalBytes: number, big: number) => number;
  readonly nest: (keys: number, argc: number, totalBytes: number, big: number, readOnly: number) => number;
  readonly log: (level: number, bytes: number) => number;
  readonly now: () => number;
  /** The payload that did not fit into IN. */
  readonly bigIn: () => Bytes;
  /** Room for arguments that do not fit into OUT. */
  readonly bigOut: (bytes: number) => Bytes;
}

/** Rows of the command table that a library may call: [row number, name in the table, name on `Zedis`]. */
export type CommandRow = readonly [number, string, string];

export interface ZedisSetup {
  readonly host: HostAccess;
  readonly primordials: Primordials;
  readonly rows: readonly CommandRow[];
  /** Names of commands that exist but that a library may not call. */
  readonly denied: readonly string[];
  readonly slots: {
    readonly GATE: number;
    readonly STATUS: number;
    readonly IN_BIG: number;
    readonly IN_LEN: number;
    readonly IN_AT: number;
    readonly OUT_AT: number;
    readonly OUT_BYTES: number;
    readonly LOG_TEXT_MAX: number;
  };
  readonly makeWriter: (primordials: Primordials) => ArgumentWriter;
  readonly makeCommands: typeof makeCommands;
  readonly makeLog: typeof makeLog;
  readonly makeNested: typeof makeNested;
  readonly makeTyped: typeof makeTyped;
  readonly makeReader: (
    primordials: Primordials,
    replyError: (text: string) => unknown,
    copyBytes: (buffer: ArrayBufferLike, from: number, bytes: number) => Uint8Array,
  ) => ReplyReader;
}

/** Keys of the running call that native code has hashed already: `=== frame.k0` spares the copy and the hash. */
export interface Frame {
  k0: unknown;
  k1: unknown;
}

/**
 * Makes `Zedis` and `console` of one context, and what the host needs to make values of that realm.
 *
 * The order in each function: the gate, conversions that may run the library's code, bytes into OUT, the host call.
 */
export function makeZedis(setup: ZedisSetup) {
  const { host, primordials, rows, denied, slots } = setup;
  const { GATE, STATUS, IN_BIG, IN_LEN, IN_AT, OUT_AT, LOG_TEXT_MAX } = slots;
  const {
    apply,
    freeze,
    keys,
    defineProperty,
    jsonParse,
    jsonStringify,
    toLowerCase,
    promiseThen,
    typedArraySet,
    typedArrayLength,
  } = primordials;
  const { isNaN, Error, RangeError, TypeError, Uint8Array } = primordials;
  const { gate, i32, bytes, bigIn } = host;
  const nativeGetInt = host.get_int;
  const nativeGet = host.get;
  const nativeSetInt = host.set_int;
  const nativeSet = host.set;
  const nativeIncrBy = host.incr_by;
  const nativeExists = host.exists;
  const nativeDel = host.del;
  const nativeLog = host.log;
  const nativeNow = host.now;
  const KEY_MAX = 1 << 14;
  const VALUE_MAX = 1 << 15;
  const SAFE_MAX = 9007199254740991;

  const frame: Frame = { k0: undefined, k1: undefined };
  const writer = setup.makeWriter(primordials);
  const { text: writeText } = writer;

  // ---- errors, all of this realm

  function closed(): Error {
    return new Error("Zedis works only while a call of this library runs");
  }

  /** The host threw: its stack was full. What it threw must not be passed on. */
  function hostFault(): Error {
    return new RangeError("Maximum call stack size exceeded.");
  }

  function replyError(text: string): Error {
    const error = new Error(text);
    let end = 0;
    while (end < text.length && text.charCodeAt(end) !== 32) end++;
    let code = "";
    for (let index = 0; index < end; index++) code += text[index];
    defineProperty(error, "name", {
      __proto__: null,
      value: "ReplyError",
      writable: true,
      configurable: true,
    } as PropertyDescriptor);
    defineProperty(error, "code", {
      __proto__: null,
      value: code,
      writable: true,
      configurable: true,
    } as PropertyDescriptor);
    return error;
  }

  function refusal(status: number): Error {
    if (status === -3) return new Error("The call is rolled back: nothing it does from here on has an effect");
    let text: string;
    try {
      text = payload().utf8Slice(payloadAt(), payloadAt() + (i32[IN_LEN] as number));
    } catch {
      return hostFault();
    }
    return replyError(text);
  }

  // ---- bytes in and out; callers guard

  function payload(): Bytes {
    return i32[IN_BIG] === 0 ? bytes : bigIn();
  }

  function payloadAt(): number {
    return i32[IN_BIG] === 0 ? IN_AT : 0;
  }

  /** A key as native code wants it: the number of an argument, or -length-1 with its bytes in OUT. */
  function keyAt(key: string): number {
    if (key === frame.k0) return 0;
    if (key === frame.k1) return 1;
    return OUT_AT - writeText(key, bytes, OUT_AT) - 1;
  }

  function rawKeyAt(key: Uint8Array): number {
    apply(typedArraySet, bytes, [key, OUT_AT]);
    return -(apply(typedArrayLength, key, []) as number) - 1;
  }

  function copyBytes(buffer: ArrayBufferLike, from: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    apply(typedArraySet, copy, [new Uint8Array(buffer, from, length)]);
    return copy;
  }

  /** What `get` answered, as text: its length times two, plus one where it is ASCII. */
  function textOf(answer: number): string {
    const length = answer >> 1;
    if (i32[IN_BIG] !== 0) return bigIn().utf8Slice(0, length);
    return (answer & 1) === 1 ? bytes.latin1Slice(IN_AT, IN_AT + length) : bytes.utf8Slice(IN_AT, IN_AT + length);
  }

  // ---- any command

  const reader = setup.makeReader(primordials, replyError, copyBytes);

  const { run, methodOf, rowOf, NO_ROW } = setup.makeCommands({
    host,
    rows,
    slots,
    writer,
    reader,
    payload,
    payloadAt,
    closed,
    hostFault,
    refusal,
  });

  const GET = rowOf("get");
  const SET = rowOf("set");
  const EXISTS = rowOf("exists");
  const DEL = rowOf("del");
  const INCRBY = rowOf("incrby");
  const DECRBY = rowOf("decrby");

  // ---- the quick ones

  function get(key: unknown): unknown {
    if (i32[GATE] !== gate) throw closed();
    if (typeof key !== "string" || key.length > KEY_MAX) return run(GET, "get", [key], false);
    let answer: number;
    try {
      answer = nativeGet(keyAt(key));
      if (answer >= 0) return textOf(answer);
    } catch {
      throw hostFault();
    }
    if (answer === -1) return null;
    throw refusal(answer);
  }

  function get_bytes(key: unknown): unknown {
    return run(GET, "get_bytes", [key], true);
  }

  function get_int(key: unknown, fallback: unknown = 0): unknown {
    if (i32[GATE] !== gate) throw closed();
    let value: number;
    const atom = typeof key === "string" ? key : writer.flatten("get_int", [key])[0];
    if (atom === undefined || writer.bound([atom]) > KEY_MAX * 4) {
      throw new TypeError(`Zedis.get_int: the key has more than ${KEY_MAX} characters, or is none`);
    }
    try {
      value = nativeGetInt(typeof atom === "string" ? keyAt(atom) : rawKeyAt(atom));
    } catch {
      throw hostFault();
    }
    if (!isNaN(value)) return value;
    const status = i32[STATUS];
    if (status === 0) return fallback;
    throw refusal(status === 3 ? -3 : -2);
  }

  function set(key: unknown, value: unknown, ...options: unknown[]): unknown {
    if (i32[GATE] !== gate) throw closed();
    if (options.length === 0 && typeof key === "string" && key.length <= KEY_MAX) {
      let status = 1;
      if (typeof value === "number") {
        if ((value | 0) === value || (value % 1 === 0 && value <= SAFE_MAX && value >= -SAFE_MAX)) {
          try {
            status = nativeSetInt(keyAt(key), value);
          } catch {
            throw hostFault();
          }
        }
      } else if (typeof value === "string" && value.length <= VALUE_MAX) {
        try {
          const k = keyAt(key);
          const at = k >= 0 ? OUT_AT : OUT_AT - k - 1;
          status = nativeSet(k, writeText(value, bytes, at) - at);
        } catch {
          throw hostFault();
        }
      }
      if (status === 0) return "OK";
      if (status < 0) throw refusal(status);
    }
    return run(SET, "set", [key, value, options], false);
  }

  function incrementBy(key: unknown, delta: number, row: number, name: string, given: unknown): unknown {
    if (i32[GATE] !== gate) throw closed();
    if (
      typeof key !== "string" ||
      key.length > KEY_MAX ||
      !(delta % 1 === 0 && delta <= SAFE_MAX && delta >= -SAFE_MAX)
    ) {
      return run(row, name, [key, given], false);
    }
    let value: number;
    try {
      value = nativeIncrBy(keyAt(key), delta);
    } catch {
      throw hostFault();
    }
    if (!isNaN(value)) return value;
    throw refusal(i32[STATUS] === 3 ? -3 : -2);
  }

  function exists(...names: unknown[]): unknown {
    if (i32[GATE] !== gate) throw closed();
    const key = names[0];
    if (names.length !== 1 || typeof key !== "string" || key.length > KEY_MAX)
      return run(EXISTS, "exists", names, false);
    let answer: number;
    try {
      answer = nativeExists(keyAt(key));
    } catch {
      throw hostFault();
    }
    if (answer >= 0) return answer;
    throw refusal(answer);
  }

  function del(...names: unknown[]): unknown {
    if (i32[GATE] !== gate) throw closed();
    const key = names[0];
    if (names.length !== 1 || typeof key !== "string" || key.length > KEY_MAX) return run(DEL, "del", names, false);
    let answer: number;
    try {
      answer = nativeDel(keyAt(key));
    } catch {
      throw hostFault();
    }
    if (answer >= 0) return answer;
    throw refusal(answer);
  }

  // ---- typed values

  const { get_number, get_bigint, get_json } = setup.makeTyped(primordials, get);

  function set_json(key: unknown, value: unknown, ...options: unknown[]): unknown {
    if (i32[GATE] !== gate) throw closed();
    const text = jsonStringify(value);
    if (typeof text !== "string")
      throw new TypeError(`Zedis.set_json: a value of type ${typeof value} has no JSON form`);
    return options.length === 0 ? set(key, text) : run(SET, "set", [key, text, options], false);
  }

  function call(name: unknown, ...values: unknown[]): unknown {
    if (i32[GATE] !== gate) throw closed();
    if (typeof name !== "string") throw new TypeError("Zedis.call: the first argument is the name of a command");
    let row = rowOf(name);
    if (row !== NO_ROW) return run(row, name, values, false);
    const lower = apply(toLowerCase, name, []) as string;
    row = rowOf(lower);
    if (row !== NO_ROW) return run(row, lower, values, false);
    if (typeof values[0] === "string") row = rowOf(`${lower}|${apply(toLowerCase, values[0], [])}`);
    if (row !== NO_ROW) {
      const rest: unknown[] = [];
      for (let index = 1; index < values.length; index++) writer.append(rest, values[index]);
      return run(row, lower, rest, false);
    }
    if (lower === "fcall" || lower === "fcall_ro") return callFunction(values, lower === "fcall_ro" ? 1 : 0);
    for (let index = 0; index < denied.length; index++) {
      if (denied[index] === lower) throw replyError("ERR This Redis command is not allowed from script");
    }
    throw replyError("ERR Unknown Redis command called from script");
  }

  // ---- functions

  const { fcallOf, callFunction } = setup.makeNested(
    primordials,
    writer,
    replyError,
    (keys, values, binary, readOnly) => {
      if (i32[GATE] !== gate) throw closed();
      const { k0, k1 } = frame;
      frame.k0 = undefined;
      frame.k1 = undefined;
      try {
        return run(keys, "fcall", values, binary, readOnly);
      } finally {
        frame.k0 = k0;
        frame.k1 = k1;
      }
    },
  );

  function now(): number {
    if (i32[GATE] !== gate) throw closed();
    try {
      return nativeNow();
    } catch {
      throw hostFault();
    }
  }

  // ---- the log: 0 debug, 1 verbose, 2 notice, 3 warning

  const writeLog = setup.makeLog(primordials, LOG_TEXT_MAX, (level, text) => {
    try {
      nativeLog(level, writeText(text, bytes, OUT_AT) - OUT_AT);
    } catch {
      throw hostFault();
    }
  });

  function logAt(level: number, values: readonly unknown[]): void {
    if (i32[GATE] !== gate) throw closed();
    writeLog(level, values);
  }

  // ---- the object

  const own: Record<string, unknown> = {
    get,
    set,
    exists,
    del,
    incr: (key: unknown) => incrementBy(key, 1, INCRBY, "incr", 1),
    decr: (key: unknown) => incrementBy(key, -1, DECRBY, "decr", 1),
    incrby: (key: unknown, by: unknown) => incrementBy(key, typeof by === "number" ? by : NaN, INCRBY, "incrby", by),
    decrby: (key: unknown, by: unknown) => incrementBy(key, typeof by === "number" ? -by : NaN, DECRBY, "decrby", by),
    get_int,
    get_number,
    get_bigint,
    get_bytes,
    get_json,
    set_json,
    call,
    fcall: fcallOf(false),
    now,
    log: (...values: unknown[]) => logAt(2, values),
  };
  const zedis = { __proto__: null } as unknown as Record<string, unknown>;
  const binary = { __proto__: null } as unknown as Record<string, unknown>;
  for (let index = 0; index < rows.length; index++) {
    const [row, , name] = rows[index] as CommandRow;
    zedis[name] = methodOf(row, name, false);
    binary[name] = freeze(methodOf(row, name, true));
  }
  for (const name of keys(own)) zedis[name] = own[name];
  binary.fcall = freeze(fcallOf(true));
  for (const name of keys(zedis)) freeze(zedis[name]);
  zedis.bytes = freeze(binary);

  const out = (level: number) => freeze((...values: unknown[]) => logAt(level, values));
  const console = freeze({ debug: out(0), log: out(2), info: out(2), warn: out(3), error: out(3), trace: out(0) });

  for (const [name, value] of [
    ["Zedis", freeze(zedis)],
    ["console", console],
  ] as const) {
    defineProperty(globalThis, name, { value, writable: false, configurable: false, enumerable: false });
  }

  const nothing = () => undefined;
  return {
    frame,
    objectPrototype: primordials.objectPrototype,
    /** Values of this realm, for arguments. */
    parseJson: (text: string): unknown => jsonParse(text),
    copyBytes,
    list: (...items: unknown[]): unknown[] => items,
    /** Marks a promise as seen, so that its rejection is not reported as forgotten. */
    settle(promise: unknown): void {
      try {
        apply(promiseThen, promise, [nothing, nothing]);
      } catch {
        // Its constructor is the library's own and refused; the call ends all the same.
      }
    },
  };
}

/** What a context offers to the host's side of the engine. */
export type Inside = ReturnType<typeof makeZedis>;
