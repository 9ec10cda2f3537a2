/** What writes a result inside the guest needs: each piece goes to the host as it is met. */
export interface ResultSetup {
  readonly out: (kind: number, ...payload: unknown[]) => void;
  readonly refuse: (text: string) => never;
  /** Kinds of pieces. */
  readonly kinds: Readonly<Record<"atom" | "array" | "map" | "set" | "bytes" | "bigint", number>>;
  readonly depthMax: number;
}

/** Makes what walks a result; runs before the library, as inside/zedis.ts does. */
export function makeEmitter({ out, refuse, kinds, depthMax }: ResultSetup): (value: unknown) => void {
  const { apply, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
  const { defineProperty, keys } = Object;
  const { isArray } = Array;
  const { isView } = ArrayBuffer;
  const plain = Object.prototype;
  const getter = (of: object, key: string | symbol) =>
    getOwnPropertyDescriptor(of, key)?.get as (this: unknown) => unknown;
  const typedArray = getPrototypeOf(Uint8Array.prototype) as object;
  const typedArrayTag = getter(typedArray, Symbol.toStringTag);
  const typedArrayBuffer = getter(typedArray, "buffer");
  const typedArrayOffset = getter(typedArray, "byteOffset");
  const typedArrayLength = getter(typedArray, "byteLength");
  const mapSize = getter(Map.prototype, "size");
  const setSize = getter(Set.prototype, "size");
  const mapForEach = Map.prototype.forEach;
  const setForEach = Set.prototype.forEach;
  const dateTime = Date.prototype.getTime;
  const { valueOf: numberOf } = Number.prototype;
  const { valueOf: stringOf } = String.prototype;
  const { valueOf: booleanOf } = Boolean.prototype;
  const { Promise: PromiseOf, Error: PlainError, Symbol: SymbolOf, RegExp: RegExpOf } = globalThis;
  const slot = { __proto__: null, value: null as unknown, writable: true, enumerable: true, configurable: true };

  function append(list: unknown[], item: unknown): void {
    slot.value = item;
    defineProperty(list, list.length, slot);
  }

  const trail: (string | number)[] = [];

  function fail(depth: number, what: string): never {
    let path = "the result";
    for (let index = 0; index < depth && index < 8; index++) {
      const step = trail[index];
      path += typeof step === "number" ? `[${step}]` : `.${(step as string).slice(0, 32)}`;
    }
    return refuse(`${path} ${what}`);
  }

  function is(brand: (this: never) => unknown, value: object): boolean {
    try {
      apply(brand as (this: unknown) => unknown, value, []);
      return true;
    } catch {
      return false;
    }
  }

  function emit(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
      case "number":
      case "boolean":
      case "undefined":
        out(kinds.atom, value);
        return;
      case "bigint":
        out(kinds.bigint, `${value}`);
        return;
      case "object":
        if (value === null) out(kinds.atom, null);
        else emitObject(value, depth);
        return;
      default:
        fail(depth, `is a ${typeof value}, which cannot be sent`);
    }
  }

  function emitObject(value: object, depth: number): void {
    if (depth >= depthMax) fail(depth, `is nested deeper than ${depthMax} levels, or refers to itself`);
    if (isArray(value)) {
      const { length } = value;
      out(kinds.array, length);
      for (let index = 0; index < length; index++) {
        trail[depth] = index;
        emit(value[index], depth + 1);
      }
      return;
    }
    if (isView(value)) {
      if (apply(typedArrayTag, value, []) !== "Uint8Array") {
        fail(depth, "is a typed array other than Uint8Array, which cannot be sent");
      }
      out(
        kinds.bytes,
        apply(typedArrayBuffer, value, []),
        apply(typedArrayOffset, value, []),
        apply(typedArrayLength, value, []),
      );
      return;
    }
    const prototype = getPrototypeOf(value);
    if (prototype === plain || prototype === null) {
      emitFields(value, depth);
      return;
    }
    if (value instanceof PromiseOf) fail(depth, "is a promise; await it");
    if (value instanceof PlainError) fail(depth, "is an Error; throw it instead");
    if (is(dateTime, value)) fail(depth, "is a Date; send getTime() or toISOString()");
    if (
      is(numberOf, value) ||
      is(stringOf, value) ||
      is(booleanOf, value) ||
      value instanceof SymbolOf ||
      value instanceof RegExpOf
    ) {
      fail(depth, "is an object that cannot be sent");
    }
    if (is(mapSize as (this: never) => unknown, value)) {
      const entries: unknown[] = [];
      apply(mapForEach, value, [
        (item: unknown, key: unknown) => {
          append(entries, key);
          append(entries, item);
        },
      ]);
      out(kinds.map, entries.length / 2);
      for (let index = 0; index < entries.length; index += 2) {
        const key = entries[index];
        trail[depth] = typeof key === "string" ? key : index / 2;
        emit(typeof key === "number" ? `${key}` : key, depth + 1);
        emit(entries[index + 1], depth + 1);
      }
      return;
    }
    if (is(setSize as (this: never) => unknown, value)) {
      const items: unknown[] = [];
      apply(setForEach, value, [(item: unknown) => append(items, item)]);
      out(kinds.set, items.length);
      for (let index = 0; index < items.length; index++) {
        trail[depth] = index;
        emit(items[index], depth + 1);
      }
      return;
    }
    emitFields(value, depth);
  }

  function emitFields(value: object, depth: number): void {
    const names = keys(value);
    out(kinds.map, names.length);
    for (let index = 0; index < names.length; index++) {
      const name = names[index] as string;
      trail[depth] = name;
      out(kinds.atom, name);
      emit((value as Record<string, unknown>)[name], depth + 1);
    }
  }

  return (value) => emit(value, 0);
}
