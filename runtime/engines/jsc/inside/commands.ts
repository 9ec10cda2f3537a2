import type { Bytes } from "../../../host/deck.ts";
import type { ArgumentWriter, Atom } from "./argument-writer.ts";
import type { ReplyReader } from "./reply-reader.ts";
import type { CommandRow, HostAccess, ZedisSetup } from "./zedis.ts";

/** What running a command needs of its context. */
export interface CommandAccess {
  readonly host: HostAccess;
  readonly rows: readonly CommandRow[];
  readonly slots: ZedisSetup["slots"];
  readonly writer: ArgumentWriter;
  readonly reader: ReplyReader;
  /** Where the reply lies. */
  readonly payload: () => Bytes;
  readonly payloadAt: () => number;
  readonly closed: () => Error;
  readonly hostFault: () => Error;
  readonly refusal: (status: number) => Error;
}

/**
 * Makes what runs any command of the table.
 *
 *     up to four texts and whole numbers ─▶ written where they are, no array made ─▶ the host call ─▶ its reply
 *     anything else                      ─▶ made flat, measured, written          ─▶
 */
export function makeCommands(access: CommandAccess) {
  const { host, rows, writer, reader, payload, payloadAt, closed, hostFault, refusal } = access;
  const { GATE, OUT_AT, OUT_BYTES } = access.slots;
  const { gate, i32, bytes, bigOut } = host;
  const nativeCall = host.call;
  const nativeNest = host.nest;
  const writeAtom = writer.atom;
  const NO_ROW = 0xffff;
  const NOT_WRITTEN = -9;

  function replyOf(answer: number, binary: boolean): unknown {
    if (answer < 0) throw refusal(answer);
    try {
      return reader.read(payload(), payloadAt(), binary);
    } catch {
      throw hostFault();
    }
  }

  function callAny(command: number, atoms: readonly Atom[], nested: number): number {
    const bound = writer.bound(atoms);
    try {
      const big = bound > OUT_BYTES;
      const target = big ? bigOut(bound) : bytes;
      const from = big ? 0 : OUT_AT;
      const length = writer.write(atoms, target, from) - from;
      if (nested < 0) return nativeCall(command, atoms.length, length, big ? 1 : 0);
      return nativeNest(command, atoms.length, length, big ? 1 : 0, nested);
    } catch {
      throw hostFault();
    }
  }

  /** `nested`: -1 for a command; for a function `command` is how many of the values behind its name are keys, 1: as FCALL_RO. */
  function run(command: number, name: string, values: readonly unknown[], binary: boolean, nested = -1): unknown {
    if (i32[GATE] !== gate) throw closed();
    return replyOf(callAny(command, writer.flatten(name, values), nested), binary);
  }

  /** The same with one to four values: `count` of them. */
  function runFew(
    command: number,
    name: string,
    binary: boolean,
    count: number,
    a: unknown,
    b: unknown,
    c: unknown,
    d: unknown,
  ): unknown {
    if (i32[GATE] !== gate) throw closed();
    let answer = NOT_WRITTEN;
    try {
      let end = writeAtom(a, bytes, OUT_AT, OUT_AT + count * 4);
      if (count > 1 && end >= 0) end = writeAtom(b, bytes, OUT_AT + 4, end);
      if (count > 2 && end >= 0) end = writeAtom(c, bytes, OUT_AT + 8, end);
      if (count > 3 && end >= 0) end = writeAtom(d, bytes, OUT_AT + 12, end);
      if (end >= 0) answer = nativeCall(command, count, end - OUT_AT, 0);
    } catch {
      throw hostFault();
    }
    if (answer !== NOT_WRITTEN) return replyOf(answer, binary);
    return run(
      command,
      name,
      count === 1 ? [a] : count === 2 ? [a, b] : count === 3 ? [a, b, c] : [a, b, c, d],
      binary,
    );
  }

  /** The method of `Zedis` that runs a command. Nobody can construct it. */
  function methodOf(row: number, name: string, binary: boolean): unknown {
    const holder = {
      // Rest parameters would make an array in each call.
      run(a?: unknown, b?: unknown, c?: unknown, d?: unknown): unknown {
        // biome-ignore lint/complexity/noArguments: see above
        const count = arguments.length;
        if (count > 0 && count <= 4) return runFew(row, name, binary, count, a, b, c, d);
        const values: unknown[] = [];
        // biome-ignore lint/complexity/noArguments: see above
        for (let index = 0; index < count; index++) writer.append(values, arguments[index]);
        return run(row, name, values, binary);
      },
    };
    return holder.run;
  }

  // Without a prototype: what is on Object.prototype is no command.
  const rowsByName = { __proto__: null } as unknown as Record<string, number>;
  for (let index = 0; index < rows.length; index++) {
    const [row, name] = rows[index] as CommandRow;
    rowsByName[name] = row;
  }

  return {
    run,
    methodOf,
    /** A row that no table has stands for a command that is not there. */
    rowOf: (name: string): number => rowsByName[name] ?? NO_ROW,
    NO_ROW,
  };
}
