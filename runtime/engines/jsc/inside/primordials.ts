/** What the other functions here need of the language, taken before the library can change it. */
export function capturePrimordials() {
  const { apply, ownKeys } = Reflect;
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
  const getter = (prototype: object, key: string | symbol) => {
    const found = Object.getOwnPropertyDescriptor(prototype, key)?.get;
    if (found === undefined) throw new TypeError("no such getter");
    return found;
  };
  return {
    apply,
    ownKeys,
    isArray: Array.isArray,
    isNaN: Number.isNaN,
    keys: Object.keys,
    freeze: Object.freeze,
    defineProperty: Object.defineProperty,
    Error,
    RangeError,
    TypeError,
    SyntaxError,
    Uint8Array,
    BigInt,
    Number,
    String,
    jsonParse: JSON.parse,
    jsonStringify: JSON.stringify,
    toLowerCase: String.prototype.toLowerCase,
    promiseThen: Promise.prototype.then,
    typedArraySet: typedArray.set,
    typedArrayTag: getter(typedArray, Symbol.toStringTag),
    typedArrayLength: getter(typedArray, "byteLength"),
    objectPrototype: Object.prototype,
  };
}

export type Primordials = ReturnType<typeof capturePrimordials>;
