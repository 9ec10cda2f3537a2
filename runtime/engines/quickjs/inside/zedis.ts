import type { makeBuilder } from "./build.ts";
import type { harden } from "./harden.ts";
import type { ResultSetup } from "./result.ts";

/** What the host's functions are to the guest; each throws errors of the guest's realm. */
export interface GuestSetup {
  readonly host: {
    readonly quick: Readonly<Record<string, (...values: unknown[]) => unknown>>;
    readonly commands: Readonly<Record<string, (...values: unknown[]) => unknown>>;
    readonly binary: Readonly<Record<string, (...values: unknown[]) => unknown>>;
    /** Arguments of the command that `run` then calls: texts, numbers; bytes as their buffer, offset and length. */
    readonly atoms: (...atoms: unknown[]) => void;
    readonly run: (row: number, binary: boolean) => unknown;
    /** The same for a function: how many of the atoms behind its name are keys, 1 for FCALL_RO. */
    readonly nest: (keys: number, readOnly: number, binary: boolean) => unknown;
    readonly log: (level: number, text: string) => void;
    readonly tell: (...texts: string[]) => void;
    /** One piece of a result: a kind of OUT, and what goes with it. */
    readonly out: (kind: number, ...payload: unknown[]) => void;
    readonly refuse: (text: string) => never;
    readonly random: () => number;
  };
  readonly allowed: readonly string[];
  /** [row number, name in the table, name on `Zedis`] */
  readonly rows: readonly (readonly [number, string, string])[];
  readonly denied: readonly string[];
  readonly limits: { readonly logText: number; readonly depth: number; readonly keyMax: number };
  /** Kinds of pieces of a result. */
  readonly kinds: ResultSetup["kinds"];
  readonly harden: typeof harden;
  readonly makeBuilder: typeof makeBuilder;
  readonly makeEmitter: (setup: ResultSetup) => (value: unknown) => void;
}

/** Makes the guest's world; returns the functions that the host calls, in the order of HELPER in guest.ts. */
export function makeGuest(setup: GuestSetup) {
  const { host, allowed, rows, denied, limits, kinds, makeEmitter } = setup;
  setup.harden(allowed, host.random);
  const { apply, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
  const { defineProperty, freeze, keys } = Object;
  const { isArray } = Array;
  const { isNaN: isNotNumber } = globalThis.Number;
  const { parse, stringify } = JSON;
  const { toLowerCase } = String.prototype;
  const { Error: PlainError, TypeError: BadType, RangeError: BadRange } = globalThis;
  const { SyntaxError: BadSyntax, Uint8Array: Bytes } = globalThis;
  const { BigInt: toBigInt, Number: toNumber } = globalThis;
  const hostAtoms = host.atoms;
  const hostRun = host.run;
  const hostNest = host.nest;
  const hostLog = host.log;
  const hostTell = host.tell;
  const quick = host.quick;
  const build = setup.makeBuilder(replyError);
  const emit = makeEmitter({ out: host.out, refuse: host.refuse, kinds, depthMax: limits.depth });
  const typedArray = getPrototypeOf(Bytes.prototype) as object;
  const getter = (of: object, key: string | symbol) =>
    getOwnPropertyDescriptor(of, key)?.get as (this: unknown) => unknown;
  const typedArrayTag = getter(typedArray, Symbol.toStringTag);
  const typedArrayBuffer = getter(typedArray, "buffer");
  const typedArrayOffset = getter(typedArray, "byteOffset");
  const typedArrayLength = getter(typedArray, "byteLength");
  const CHUNK = 1000;
  const NEST_MAX = 4;
  const NO_ROW = 0xffff;

  // ---- errors

  function replyError(text: string): Error {
    const error = new PlainError(text);
    let end = 0;
    while (end < text.length && text[end] !== " ") end++;
    let code = "";
    for (let index = 0; index < end; index++) code += text[index];
    const own = (value: string) =>
      ({ __proto__: null, value, writable: true, configurable: true }) as unknown as PropertyDescriptor;
    defineProperty(error, "name", own("ReplyError"));
    defineProperty(error, "code", own(code));
    return error;
  }

  /** kind: 0 Error, 1 TypeError, 2 RangeError, 3 an error of a command. */
  function makeError(kind: number, text: string): Error {
    return kind === 3
      ? replyError(text)
      : kind === 2
        ? new BadRange(text)
        : kind === 1
          ? new BadType(text)
          : new PlainError(text);
  }

  /** Tells the host what was thrown: name, message, code and stack; or the one text of a primitive. */
  function describe(thrown: unknown): void {
    if ((typeof thrown !== "object" || thrown === null) && typeof thrown !== "function") {
      hostTell(typeof thrown === "symbol" ? "a symbol was thrown" : `${thrown}`);
      return;
    }
    const property = (name: string): string => {
      try {
        const value = (thrown as Record<string, unknown>)[name];
        return typeof value === "string" ? value : "";
      } catch {
        return "";
      }
    };
    hostTell(property("name"), property("message"), property("code"), property("stack"));
  }

  // ---- arguments of commands

  const slot = { __proto__: null, value: null as unknown, writable: true, enumerable: true, configurable: true };

  function append(out: unknown[], atom: unknown): void {
    slot.value = atom;
    defineProperty(out, out.length, slot);
  }

  function refuse(command: string, value: unknown): never {
    const kind = value === null ? "null" : typeof value;
    throw new BadType(
      `Zedis.${command}: an argument is ${kind}; pass strings, numbers, bigints, Uint8Array, or arrays and objects of them`,
    );
  }

  function add(command: string, value: unknown, out: unknown[], depth: number): void {
    switch (typeof value) {
      case "string":
        append(out, value);
        return;
      case "number":
      case "bigint":
        append(out, `${value}`);
        return;
      case "object": {
        if (value === null || depth > NEST_MAX) refuse(command, value);
        const tag = apply(typedArrayTag, value, []);
        if (tag === "Uint8Array") {
          append(out, apply(typedArrayBuffer, value, []));
          append(out, apply(typedArrayOffset, value, []));
          append(out, apply(typedArrayLength, value, []));
          return;
        }
        if (tag !== undefined) refuse(command, value);
        if (isArray(value)) {
          const { length } = value;
          for (let index = 0; index < length; index++) add(command, value[index], out, depth + 1);
          return;
        }
        const names = keys(value as object);
        for (let index = 0; index < names.length; index++) {
          const name = names[index] as string;
          append(out, name);
          add(command, (value as Record<string, unknown>)[name], out, depth + 1);
        }
        return;
      }
      default:
        refuse(command, value);
    }
  }

  function run(row: number, name: string, values: readonly unknown[], binary: boolean): unknown {
    const atoms: unknown[] = [];
    for (let index = 0; index < values.length; index++) add(name, values[index], atoms, 0);
    pass(atoms);
    return hostRun(row, binary);
  }

  /** Hands atoms to the host. */
  function pass(atoms: readonly unknown[]): void {
    // In pieces: a call takes a limited number of arguments. A piece never ends within an atom of bytes.
    let piece: unknown[] = [];
    for (let index = 0; index < atoms.length; index++) {
      const atom = atoms[index];
      append(piece, atom);
      if (typeof atom === "object") {
        append(piece, atoms[++index]);
        append(piece, atoms[++index]);
      }
      if (piece.length >= CHUNK) {
        apply(hostAtoms, undefined, piece);
        piece = [];
      }
    }
    apply(hostAtoms, undefined, piece);
  }

  function nest(
    name: string,
    keyAtoms: readonly unknown[],
    argAtoms: readonly unknown[],
    readOnly: number,
    binary: boolean,
  ) {
    const atoms: unknown[] = [name];
    let count = 0;
    for (let index = 0; index < keyAtoms.length; index++) {
      // Bytes are three atoms of ours and one of the host's.
      if (typeof keyAtoms[index] === "object") for (let more = 0; more < 2; more++) append(atoms, keyAtoms[index++]);
      append(atoms, keyAtoms[index]);
      count += 1;
    }
    for (let index = 0; index < argAtoms.length; index++) append(atoms, argAtoms[index]);
    pass(atoms);
    return hostNest(count, readOnly, binary);
  }

  const fcallOf =
    (binary: boolean) =>
    (name: unknown, keyList: unknown = [], argList: unknown = []): unknown => {
      if (typeof name !== "string") throw new BadType("Zedis.fcall: the first argument is the name of a function");
      const keyAtoms: unknown[] = [];
      const argAtoms: unknown[] = [];
      add("fcall", keyList, keyAtoms, 0);
      add("fcall", argList, argAtoms, 0);
      return nest(name, keyAtoms, argAtoms, 0, binary);
    };

  /** Zedis.call("FCALL", name, numkeys, …): `values` behind the command's name. */
  function callFunction(values: readonly unknown[], readOnly: number): unknown {
    const [name, given, ...rest] = values;
    const count = toNumber(given);
    if (typeof name !== "string" || !(count >= 0 && count % 1 === 0 && count <= rest.length)) {
      throw replyError("ERR Number of keys can't be greater than number of args");
    }
    const keyAtoms: unknown[] = [];
    const argAtoms: unknown[] = [];
    for (let index = 0; index < rest.length; index++) add("call", rest[index], index < count ? keyAtoms : argAtoms, 0);
    return nest(name, keyAtoms, argAtoms, readOnly, false);
  }

  function rowOf(name: string): number {
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index] as readonly [number, string, string];
      if (row[1] === name) return row[0];
    }
    return NO_ROW;
  }

  /** A command whose arguments the host could not read by itself. */
  function slowCommand(row: number, binary: boolean, ...values: unknown[]): unknown {
    for (let index = 0; index < rows.length; index++) {
      const one = rows[index] as readonly [number, string, string];
      if (one[0] === row) return run(row, one[2], values, binary);
    }
    throw new BadType("no such command");
  }

  /** Zedis.get_int of a key that is no string. */
  function slowGetInt(key: unknown, fallback: unknown): unknown {
    const atoms: unknown[] = [];
    add("get_int", key, atoms, 0);
    const atom = atoms[0];
    if (typeof atom === "string" && atom.length <= limits.keyMax) return getInt(atom, fallback);
    if (typeof atom !== "object") {
      throw new BadType(`Zedis.get_int: the key has more than ${limits.keyMax} characters, or is none`);
    }
    const text = run(rowOf("get"), "get_int", [key], false) as string | null;
    if (text === null) return fallback === undefined ? 0 : fallback;
    const value = toNumber(text);
    if (text !== "" && `${value}` === text && value % 1 === 0) return value;
    throw replyError("ERR value is not an integer or out of range");
  }

  // ---- Zedis

  const get = quick.get as (key: unknown) => string | null;
  const set = quick.set as (...values: unknown[]) => unknown;
  const getInt = quick.get_int as (...values: unknown[]) => unknown;
  const SET = rowOf("set");
  const shown = (key: unknown) => (typeof key === "string" ? key : "the key");

  function get_number(key: unknown, fallback: unknown = 0): unknown {
    const text = get(key);
    if (text === null) return fallback;
    const value = toNumber(text);
    if (!isNotNumber(value) && text !== "") return value;
    throw new BadType(`Zedis.get_number: the value at '${shown(key)}' is not a number`);
  }

  function get_bigint(key: unknown, fallback: unknown = toBigInt(0)): unknown {
    const text = get(key);
    if (text === null) return fallback;
    try {
      return toBigInt(text);
    } catch {
      throw new BadType(`Zedis.get_bigint: the value at '${shown(key)}' is not an integer`);
    }
  }

  function get_json(key: unknown): unknown {
    const text = get(key);
    if (text === null) return null;
    try {
      return parse(text);
    } catch {
      throw new BadSyntax(`Zedis.get_json: the value at '${shown(key)}' is not JSON`);
    }
  }

  function set_json(key: unknown, value: unknown, ...options: unknown[]): unknown {
    const text = stringify(value);
    if (typeof text !== "string") throw new BadType(`Zedis.set_json: a value of type ${typeof value} has no JSON form`);
    return options.length === 0 ? set(key, text) : run(SET, "set", [key, text, options], false);
  }

  function call(name: unknown, ...values: unknown[]): unknown {
    if (typeof name !== "string") throw new BadType("Zedis.call: the first argument is the name of a command");
    const lower = apply(toLowerCase, name, []) as string;
    let row = rowOf(lower);
    let skip = 0;
    if (row === NO_ROW && typeof values[0] === "string") {
      row = rowOf(`${lower}|${apply(toLowerCase, values[0], [])}`);
      skip = 1;
    }
    if (row !== NO_ROW) {
      const rest: unknown[] = [];
      for (let index = skip; index < values.length; index++) append(rest, values[index]);
      return run(row, lower, rest, false);
    }
    if (lower === "fcall" || lower === "fcall_ro") return callFunction(values, lower === "fcall_ro" ? 1 : 0);
    for (let index = 0; index < denied.length; index++) {
      if (denied[index] === lower) throw replyError("ERR This Redis command is not allowed from script");
    }
    throw replyError("ERR Unknown Redis command called from script");
  }

  function logAt(level: number, values: readonly unknown[]): void {
    let text = "";
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      let part: unknown = value;
      if (typeof value === "bigint" || typeof value === "symbol")
        part = typeof value === "bigint" ? `${value}` : "Symbol";
      else if (typeof value === "object" && value !== null) {
        try {
          part = value instanceof PlainError ? `${(value as Error).message}` : stringify(value);
        } catch {
          part = "[object]";
        }
      } else if (typeof value === "function") part = "[function]";
      text += `${index === 0 ? "" : " "}${part}`;
      if (text.length > limits.logText) break;
    }
    hostLog(level, text);
  }

  const own: Record<string, unknown> = {
    ...quick,
    get_number,
    get_bigint,
    get_bytes: host.binary.get,
    get_json,
    set_json,
    call,
    fcall: fcallOf(false),
    log: (...values: unknown[]) => logAt(2, values),
  };
  const zedis = { __proto__: null } as unknown as Record<string, unknown>;
  const binary = { __proto__: null } as unknown as Record<string, unknown>;
  for (let index = 0; index < rows.length; index++) {
    const name = (rows[index] as readonly [number, string, string])[2];
    zedis[name] = host.commands[name];
    binary[name] = freeze(host.binary[name]);
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

  return [
    makeError,
    describe,
    slowCommand,
    slowGetInt,
    (text: string) => parse(text),
    (text: string, payload: ArrayBuffer) => build(parse(text), payload),
    emit,
    (...items: unknown[]) => items,
    (buffer: ArrayBuffer) => new Bytes(buffer),
    (text: string) => toBigInt(text),
    (value: unknown) => typeof value === "function",
    (list: unknown[], ...items: unknown[]) => {
      for (let index = 0; index < items.length; index++) append(list, items[index]);
    },
  ];
}
