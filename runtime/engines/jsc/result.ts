/**
 * A procedure's result as RESP, written straight into the deck.
 *
 * The values are a library's: a property may be a getter, an object a Proxy. Whatever of its code runs here runs with
 * the gate closed, under the call's time limit, and can at most throw; lengths and names are read once, so that the
 * bytes are well formed whatever it answers.
 */
import { types } from "node:util";
import { type EncodedResult, pathOf, RespOut, ResultError } from "../../convert/resp-out.ts";
import { LIMITS } from "../../limits.ts";

const { isArray } = Array;
const { keys, getPrototypeOf } = Object;
const {
  isProxy,
  isMap,
  isSet,
  isDate,
  isPromise,
  isNativeError,
  isRegExp,
  isUint8Array,
  isBoxedPrimitive,
  isSymbolObject,
} = types;

export class ResultWriter extends RespOut {
  #plain: object | null = null;
  readonly #trail: (string | number)[] = [];

  /**
   * Writes `value` for a client of protocol `proto`; returns its size in bytes and where it lies. `plainPrototype` is
   * Object.prototype of the library's realm. Throws ResultError, and what the library's getters throw.
   */
  write(value: unknown, proto: number, plainPrototype: object, out: EncodedResult): void {
    this.#plain = plainPrototype;
    this.begin(proto);
    this.#value(value, 0);
    this.finish(out);
  }

  #value(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        this.bulk(value);
        return;
      case "number":
        this.number(value);
        return;
      case "boolean":
        this.boolean(value);
        return;
      case "undefined":
        this.null();
        return;
      case "bigint":
        this.bigint(value);
        return;
      case "object":
        if (value === null) this.null();
        else this.#object(value, depth);
        return;
      default:
        this.#fail(depth, `is a ${typeof value}, which cannot be sent`);
    }
  }

  #object(value: object, depth: number): void {
    if (depth >= LIMITS.resultDepthMax) {
      this.#fail(depth, `is nested deeper than ${LIMITS.resultDepthMax} levels, or refers to itself`);
    }
    if (isProxy(value)) this.#fail(depth, "is a Proxy, which cannot be sent");
    if (isArray(value)) {
      this.#array(value, depth);
      return;
    }
    if (ArrayBuffer.isView(value)) {
      if (!isUint8Array(value)) this.#fail(depth, "is a typed array other than Uint8Array, which cannot be sent");
      this.bytes(value as Uint8Array);
      return;
    }
    const prototype = getPrototypeOf(value);
    if (prototype === this.#plain || prototype === null) {
      this.#fields(value, depth);
      return;
    }
    this.#refuseExotic(value, depth);
    if (isMap(value)) {
      const entries: unknown[] = [];
      // The host's own forEach reads the map itself, not the methods that the library may have changed.
      Map.prototype.forEach.call(value, (item, key) => entries.push(key, item));
      this.mapHeader(entries.length / 2);
      for (let index = 0; index < entries.length; index += 2) {
        const key = entries[index];
        this.#trail[depth] = typeof key === "string" ? key : index / 2;
        this.#value(typeof key === "number" ? `${key}` : key, depth + 1);
        this.#value(entries[index + 1], depth + 1);
      }
      return;
    }
    if (isSet(value)) {
      const items: unknown[] = [];
      Set.prototype.forEach.call(value, (item) => items.push(item));
      this.setHeader(items.length);
      for (let index = 0; index < items.length; index++) {
        this.#trail[depth] = index;
        this.#value(items[index], depth + 1);
      }
      return;
    }
    this.#fields(value, depth);
  }

  #fields(value: object, depth: number): void {
    const names = keys(value);
    this.mapHeader(names.length);
    for (let index = 0; index < names.length; index++) {
      const name = names[index] as string;
      this.#trail[depth] = name;
      this.bulk(name);
      this.#value((value as Record<string, unknown>)[name], depth + 1);
    }
  }

  #array(value: readonly unknown[], depth: number): void {
    const { length } = value;
    this.arrayHeader(length);
    for (let index = 0; index < length; index++) {
      this.#trail[depth] = index;
      this.#value(value[index], depth + 1);
    }
  }

  #refuseExotic(value: object, depth: number): void {
    if (isPromise(value)) this.#fail(depth, "is a promise; await it");
    if (isNativeError(value)) this.#fail(depth, "is an Error; throw it instead");
    if (isDate(value)) this.#fail(depth, "is a Date; send getTime() or toISOString()");
    if (isRegExp(value) || isBoxedPrimitive(value) || isSymbolObject(value)) {
      this.#fail(depth, "is an object that cannot be sent");
    }
  }

  #fail(depth: number, what: string): never {
    throw new ResultError(`${pathOf(this.#trail, depth)} ${what}`);
  }
}
