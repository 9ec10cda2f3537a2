import type { ArgumentWriter } from "./argument-writer.ts";
import type { Primordials } from "./primordials.ts";

/** Makes what calls other functions. `nest` runs one: how many of the values behind its name are keys, 1 for FCALL_RO. */
export function makeNested(
  { Number, TypeError }: Primordials,
  writer: ArgumentWriter,
  replyError: (text: string) => Error,
  nest: (keys: number, values: readonly unknown[], binary: boolean, readOnly: number) => unknown,
) {
  return {
    /** Zedis.fcall, or that of Zedis.bytes. */
    fcallOf:
      (binary: boolean) =>
      (name: unknown, keys: unknown = [], args: unknown = []): unknown => {
        if (typeof name !== "string") throw new TypeError("Zedis.fcall: the first argument is the name of a function");
        return nest(writer.flatten("fcall", [keys]).length, [name, keys, args], binary, 0);
      },
    /** Zedis.call("FCALL", name, numkeys, …): `values` behind the command's name. */
    callFunction(values: readonly unknown[], readOnly: number): unknown {
      const flat = writer.flatten("call", values);
      const count = Number(flat[1]);
      if (!(count >= 0 && count % 1 === 0 && count <= flat.length - 2)) {
        throw replyError("ERR Number of keys can't be greater than number of args");
      }
      const rest: unknown[] = [];
      for (let index = 0; index < flat.length; index++) {
        if (index !== 1) writer.append(rest, flat[index]);
      }
      return nest(count, rest, false, readOnly);
    },
  };
}
