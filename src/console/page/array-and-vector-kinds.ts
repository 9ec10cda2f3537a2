/** How the elements of arrays and of vector sets are read, added, changed and removed. */
import { asBytes, asText, type Bytes, fromArray, sameBytes, toArray } from "../model/bytes.ts";
import { command, pipeline, ServerError } from "./api.ts";
import type { Kind } from "./collection-kinds.ts";

const PAGE = 100;
const INDEX_MAX = "18446744073709551614";

export const array: Kind = {
  columns: ["Index", "Value"],
  isOrdered: false,
  canMatch: false,
  async read(key, from) {
    const found = ((await command("ARSCAN", key, from, INDEX_MAX, "LIMIT", PAGE)) as unknown[]).flat(1);
    const rows = [];
    for (let at = 0; at + 1 < found.length; at += 2) {
      const index = asText(found[at]);
      rows.push({ id: index, cells: [index, asBytes(found[at + 1])] });
    }
    const last = rows.at(-1)?.id;
    return { rows, next: rows.length < PAGE || last === undefined ? null : String(BigInt(last) + 1n) };
  },
  async add(key, [index = "", value = ""]) {
    const at = index === "" ? asBytes(await command("ARLEN", key)) : index;
    if ((await command("ARGET", key, at)) !== null) throw new Error("There is an element of that index already.");
    await command("ARSET", key, at, value);
  },
  async change(key, row, [index = "", value = ""]) {
    if (sameBytes(row.id, index)) await command("ARSET", key, index, value);
    else {
      await array.add(key, [index, value]);
      await command("ARDEL", key, row.id);
    }
  },
  async remove(key, row) {
    await command("ARDEL", key, row.id);
  },
};

export const vectorset: Kind = {
  columns: ["Element", "Vector", "Attributes"],
  isOrdered: false,
  canMatch: false,
  async read(key, from) {
    const start = from === "0" ? "-" : fromArray(Uint8Array.from(atob(from), (character) => character.charCodeAt(0)));
    const names = ((await command("VRANGE", key, start, "+", PAGE)) as unknown[]).map(asBytes);
    const replies = await pipeline(
      names.flatMap((name) => [
        ["VEMB", key, name],
        ["VGETATTR", key, name],
      ]),
    );
    const rows = names.map((name, index) => {
      const [vector, attributes] = [replies[index * 2], replies[index * 2 + 1]];
      const numbers = Array.isArray(vector) ? vector.map((number) => shortNumber(Number(number))).join(" ") : "";
      const shown = attributes === null || attributes instanceof ServerError ? "" : asBytes(attributes);
      return { id: name, cells: [name, numbers, shown] };
    });
    const last = names.at(-1);
    return { rows, next: names.length < PAGE || last === undefined ? null : after(last) };
  },
  async add(key, [name = "", vector = "", attributes = ""]) {
    const numbers = numbersOf(vector);
    const added = await command("VADD", key, "VALUES", numbers.length, ...numbers, name);
    if (added === 0 || added === false) throw new Error("There was that element already; it has this vector now.");
    if (attributes !== "") await command("VSETATTR", key, name, attributes);
  },
  async change(key, row, [name = "", vector = "", attributes = ""]) {
    const isRenamed = !sameBytes(row.id, name);
    // What is shown of a vector is rounded: one that nobody touched is not written back.
    if (isRenamed || !sameBytes(row.cells[1] ?? "", vector)) {
      const numbers = numbersOf(vector);
      await command("VADD", key, "VALUES", numbers.length, ...numbers, name);
    }
    await command("VSETATTR", key, name, attributes);
    if (isRenamed) await command("VREM", key, row.id);
  },
  async remove(key, row) {
    await command("VREM", key, row.id);
  },
};

/** Where the page behind an element begins: `(` and its bytes, as base64. */
function after(name: Bytes): string {
  return btoa(String.fromCharCode(40, ...toArray(name)));
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function numbersOf(vector: Bytes): string[] {
  const numbers = asText(vector)
    .split(/[\s,]+/)
    .filter((word) => word !== "");
  if (numbers.length === 0 || numbers.some((word) => Number.isNaN(Number(word)))) {
    throw new Error("A vector is numbers with spaces between them: 0.5 1 -2");
  }
  return numbers;
}
