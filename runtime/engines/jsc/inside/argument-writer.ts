import type { Bytes } from "../../../host/deck.ts";
import type { Primordials } from "./primordials.ts";

/** What one argument of a command may be once it is flattened. */
export type Atom = string | Uint8Array;

/** Turns what a library passes to a command into bytes. */
export interface ArgumentWriter {
  /** `values` as atoms: arrays become their items, objects their fields and values. May run the library's getters. */
  flatten(command: string, values: readonly unknown[]): Atom[];
  /** Most bytes that `atoms` can take, their lengths included. */
  bound(atoms: readonly Atom[]): number;
  /** Writes [u32 length × n][bytes …] to `target` from `from` on; returns where it ends. Calls host functions. */
  write(atoms: readonly Atom[], target: Bytes, from: number): number;
  /** Puts a value behind the last of a list, past setters and getters that the library put on Array.prototype. */
  append(list: unknown[], value: unknown): void;
  /**
   * Writes one value that is a text of up to `TEXT_MAX` characters or a whole number, and its length to `slot`; returns where it
   * ends. -1: it is something else. It takes three bytes a character at most. Runs no code of the library, calls host functions.
   */
  atom(value: unknown, target: Bytes, slot: number, at: number): number;
  /** Writes text as UTF-8; there must be room for three bytes a character. Calls host functions. */
  text(value: string, target: Bytes, at: number): number;
}

export function makeArgumentWriter(primordials: Primordials): ArgumentWriter {
  const { apply, isArray, keys, defineProperty, TypeError, typedArraySet, typedArrayTag, typedArrayLength } =
    primordials;
  // Longer texts go to the host's own encoder; below, a loop that the compiler inlines is quicker than a call.
  const LOOP_MAX = 48;
  const NEST_MAX = 4;

  /** Texts that `atom` takes. */
  const TEXT_MAX = 1 << 14;

  const slot = { __proto__: null, value: null as unknown, writable: true, enumerable: true, configurable: true };

  function append(list: unknown[], value: unknown): void {
    // Plain assignment would run a setter that the library put on Array.prototype, and a getter there could answer
    // `bound` and `write` differently. The descriptor has no prototype for the same reason.
    slot.value = value;
    defineProperty(list, list.length, slot);
  }

  function refuse(command: string, value: unknown): never {
    const kind = value === null ? "null" : typeof value;
    throw new TypeError(
      `Zedis.${command}: an argument is ${kind}; pass strings, numbers, bigints, Uint8Array, or arrays and objects of them`,
    );
  }

  function add(command: string, value: unknown, out: Atom[], depth: number): void {
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
          append(out, value as Uint8Array);
          return;
        }
        if (tag !== undefined) refuse(command, value);
        if (isArray(value)) {
          const { length } = value;
          for (let index = 0; index < length; index++) add(command, value[index], out, depth + 1);
          return;
        }
        const names = keys(value);
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

  function text(value: string, target: Bytes, at: number): number {
    const { length } = value;
    if (length <= LOOP_MAX) {
      for (let index = 0; index < length; index++) {
        const unit = value.charCodeAt(index);
        if (unit > 127) return at + target.utf8Write(value, at);
        target[at + index] = unit;
      }
      return at + length;
    }
    return at + target.utf8Write(value, at);
  }

  function atom(value: unknown, target: Bytes, slot: number, at: number): number {
    let end = at;
    if (typeof value === "string") {
      if (value.length > TEXT_MAX) return -1;
      end = text(value, target, at);
    } else if (typeof value === "number" && (value | 0) === value && value > -1e9 && value < 1e9) {
      let rest = value;
      if (rest < 0) {
        target[end++] = 45;
        rest = -rest;
      }
      let digits = 1;
      for (let limit = 10; rest >= limit; limit *= 10) digits++;
      for (let place = end + digits - 1; place >= end; place--) {
        const tens = (rest / 10) | 0;
        target[place] = 48 + rest - tens * 10;
        rest = tens;
      }
      end += digits;
    } else return -1;
    putLength(target, slot, end - at);
    return end;
  }

  function putLength(target: Bytes, slot: number, length: number): void {
    target[slot] = length;
    target[slot + 1] = length >>> 8;
    target[slot + 2] = length >>> 16;
    target[slot + 3] = length >>> 24;
  }

  return {
    append,
    text,
    atom,
    flatten(command, values) {
      const out: Atom[] = [];
      for (let index = 0; index < values.length; index++) add(command, values[index], out, 0);
      return out;
    },
    bound(atoms) {
      let bytes = atoms.length * 4;
      for (let index = 0; index < atoms.length; index++) {
        const atom = atoms[index] as Atom;
        bytes += typeof atom === "string" ? atom.length * 3 : (apply(typedArrayLength, atom, []) as number);
      }
      return bytes;
    },
    write(atoms, target, from) {
      let at = from + atoms.length * 4;
      for (let index = 0; index < atoms.length; index++) {
        const atom = atoms[index] as Atom;
        const start = at;
        if (typeof atom === "string") at = text(atom, target, at);
        else {
          apply(typedArraySet, target, [atom, at]);
          at += apply(typedArrayLength, atom, []) as number;
        }
        putLength(target, from + index * 4, at - start);
      }
      return at;
    },
  };
}
