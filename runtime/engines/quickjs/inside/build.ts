/** Makes what builds the values that the host made a text of, see reply.ts; captures the language before the library runs. */
export function makeBuilder(replyError: (text: string) => Error): (tagged: unknown, payload: ArrayBuffer) => unknown {
  const { apply } = Reflect;
  const { defineProperty } = Object;
  const { Uint8Array: Bytes, BigInt: toBigInt, Number: toNumber } = globalThis;
  const { slice } = ArrayBuffer.prototype;
  const slot = { __proto__: null, value: null as unknown, writable: true, enumerable: true, configurable: true };

  function append(list: unknown[], item: unknown): void {
    slot.value = item;
    defineProperty(list, list.length, slot);
  }

  interface Tagged extends Array<unknown> {
    readonly 0: string;
  }

  /** `["a", …]` an array, `["m", key, value, …]` an object, `["e", text]` an error, `["i", digits]` a bigint, `["d", text]` a double, `["b", from, to]` bytes of `payload`. */
  function build(tagged: unknown, payload: ArrayBuffer): unknown {
    if (typeof tagged !== "object" || tagged === null) return tagged;
    const list = tagged as Tagged;
    switch (list[0]) {
      case "a": {
        const items: unknown[] = [];
        for (let index = 1; index < list.length; index++) append(items, build(list[index], payload));
        return items;
      }
      case "m": {
        const object = { __proto__: null } as unknown as Record<string, unknown>;
        for (let index = 1; index < list.length; index += 2) object[`${list[index]}`] = build(list[index + 1], payload);
        return object;
      }
      case "e":
        return replyError(list[1] as string);
      case "i":
        return toBigInt(list[1] as string);
      case "d":
        return list[1] === "inf" ? Infinity : list[1] === "-inf" ? -Infinity : toNumber(list[1]);
      default:
        return new Bytes(apply(slice, payload, [list[1], list[2]]) as ArrayBuffer);
    }
  }

  return build;
}
