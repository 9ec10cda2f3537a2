import type { Primordials } from "./primordials.ts";

/** Makes the readers of typed values, over `get`, which gives a text or null. */
export function makeTyped(
  {
    isNaN: isNotNumber,
    Number: toNumber,
    BigInt: toBigInt,
    TypeError: BadType,
    SyntaxError: BadSyntax,
    jsonParse,
  }: Primordials,
  get: (key: unknown) => unknown,
) {
  function get_number(key: unknown, fallback: unknown = 0): unknown {
    const text = get(key);
    if (text === null) return fallback;
    const value = toNumber(text);
    if (!isNotNumber(value) && text !== "") return value;
    throw new BadType(`Zedis.get_number: the value at '${typeof key === "string" ? key : "the key"}' is not a number`);
  }

  function get_bigint(key: unknown, fallback: unknown = toBigInt(0)): unknown {
    const text = get(key);
    if (text === null) return fallback;
    try {
      return toBigInt(text as string);
    } catch {
      throw new BadType(
        `Zedis.get_bigint: the value at '${typeof key === "string" ? key : "the key"}' is not an integer`,
      );
    }
  }

  function get_json(key: unknown): unknown {
    const text = get(key);
    if (text === null) return null;
    try {
      return jsonParse(text as string);
    } catch {
      throw new BadSyntax(`Zedis.get_json: the value at '${typeof key === "string" ? key : "the key"}' is not JSON`);
    }
  }

  return { get_number, get_bigint, get_json };
}
