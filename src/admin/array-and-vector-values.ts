/**
 * Arrays and vector sets as JSON.
 *
 *     array       [{"index": 5000, "value": "…"}, …]    what is set, lowest first; an index beyond 2^53 as text
 *     vectorset   [{"element": "…", "vector": [0.5, 1], "attributes": "{…}" or null}, …]    by name; numbers as they are kept,
 *                 which `quantization` rounds when it is written: "int8" as VADD does, "f32" (all digits), "bin" (signs)
 */
import type { Reply } from "../resp/resp.ts";
import { runList } from "./commands.ts";
import type { InnerSession } from "./inner.ts";
import { type Argument, argumentBytes, bytesToJson, type Encoding, type Json, textBytes } from "./json.ts";
import { PAGE_MAX } from "./limits.ts";
import { itemsOf, textOf } from "./replies.ts";
import { CommandError } from "./sessions.ts";

export interface Asked {
  readonly cursor: string;
  readonly count: number;
  readonly encoding: Encoding;
}

export interface ValuePage {
  readonly value: Json;
  readonly next: string | null;
}

/** The last index that an element may have. */
const INDEX_MAX = "18446744073709551614";

export async function readArray(session: InnerSession, key: string, at: Asked): Promise<ValuePage> {
  const words = ["ARSCAN", key, at.cursor || "0", INDEX_MAX, "LIMIT", String(at.count)];
  const found = itemsOf(thrown(await session.call(words))).flatMap((item) =>
    "items" in item ? [...item.items] : [item],
  );
  const value: Json[] = [];
  let last = "";
  for (let index = 0; index + 1 < found.length; index += 2) {
    last = textOf(found[index]);
    const number = Number(last);
    value.push({
      index: Number.isSafeInteger(number) ? number : last,
      value: bytesToJson(textOf(found[index + 1]), at.encoding),
    });
  }
  return { value, next: value.length < at.count || last === INDEX_MAX ? null : String(BigInt(last) + 1n) };
}

/** Cursors are `e` and the last element's name in base64url: between two requests elements may come and go. */
export async function readVectors(session: InnerSession, key: string, at: Asked): Promise<ValuePage> {
  const start = at.cursor.startsWith("e") ? `(${Buffer.from(at.cursor.slice(1), "base64url").toString("latin1")}` : "-";
  const count = Math.min(at.count, PAGE_MAX);
  const names = itemsOf(thrown(await session.call(["VRANGE", key, start, "+", String(count)]))).map(textOf);
  const facts = await runList(
    session,
    names.flatMap((name) => [
      ["VEMB", key, name],
      ["VGETATTR", key, name],
    ]),
  );
  const value: Json[] = [];
  for (const [index, name] of names.entries()) {
    const [vector, attributes] = [facts[2 * index], facts[2 * index + 1]];
    if (vector?.kind === "error") throw new CommandError(vector);
    // It went meanwhile.
    if (vector === undefined || vector.kind === "nil") continue;
    const hasAttributes = attributes !== undefined && attributes.kind !== "nil" && attributes.kind !== "error";
    value.push({
      element: bytesToJson(name, at.encoding),
      vector: itemsOf(vector).map((number) => Number(textOf(number))),
      attributes: hasAttributes ? bytesToJson(textOf(attributes), at.encoding) : null,
    });
  }
  const last = names.at(-1);
  const isLast = names.length < count || last === undefined;
  return { value, next: isLast ? null : `e${Buffer.from(last, "latin1").toString("base64url")}` };
}

export type WrittenArray = {
  readonly type: "array";
  readonly value: readonly { readonly index: number | string; readonly value: Argument }[];
};

export type WrittenVectors = {
  readonly type: "vectorset";
  readonly quantization?: "int8" | "f32" | "bin";
  readonly value: readonly {
    readonly element: Argument;
    readonly vector: readonly number[];
    readonly attributes?: string | null;
  }[];
};

export function arrayCommands(key: string, { value }: WrittenArray): string[][] {
  return value.map((one) => ["ARSET", key, String(one.index), argumentBytes(one.value)]);
}

const QUANTIZATION = { int8: "Q8", f32: "NOQUANT", bin: "BIN" } as const;

export function vectorCommands(key: string, { value, quantization = "int8" }: WrittenVectors): string[][] {
  return value.map(({ element, vector, attributes }) => [
    "VADD",
    key,
    "VALUES",
    String(vector.length),
    ...vector.map(String),
    argumentBytes(element),
    QUANTIZATION[quantization],
    ...(attributes === undefined || attributes === null ? [] : ["SETATTR", textBytes(attributes)]),
  ]);
}

function thrown(reply: Reply): Reply {
  if (reply.kind === "error") throw new CommandError(reply);
  return reply;
}
