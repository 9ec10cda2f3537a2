import type { Primordials } from "./primordials.ts";

/** Makes what `Zedis.log` and `console` write with: a line of `values` at a level (0 debug, 1 verbose, 2 notice, 3 warning). */
export function makeLog(
  { jsonStringify, Error }: Primordials,
  textMax: number,
  write: (level: number, text: string) => void,
) {
  return (level: number, values: readonly unknown[]): void => {
    let text = "";
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      let part: unknown = value;
      if (typeof value === "bigint" || typeof value === "symbol")
        part = typeof value === "bigint" ? `${value}` : "Symbol";
      else if (typeof value === "object" && value !== null) {
        try {
          part = value instanceof Error ? `${(value as Error).message}` : jsonStringify(value);
        } catch {
          part = "[object]";
        }
      } else if (typeof value === "function") part = "[function]";
      text += `${index === 0 ? "" : " "}${part}`;
      if (text.length > textMax) break;
    }
    let short = text;
    if (text.length > textMax) {
      short = "";
      for (let index = 0; index < textMax; index++) short += text[index];
    }
    write(level, short);
  };
}
