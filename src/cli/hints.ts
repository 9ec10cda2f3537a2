/** What is shown grey behind a command while it is typed: the arguments that are still to come. */
import { splitWords } from "../config/words.ts";
import type { CommandDoc } from "./command-help.ts";

/** `line`: a byte string. Empty where there is nothing to say. */
export function hintFor(line: string, docs: readonly CommandDoc[]): string {
  const words = splitWords(line);
  if (words === null || words.length === 0) return "";
  const doc = docOf(words, docs);
  if (doc === null) return "";
  const left = partsOf(doc.synopsis);
  for (let typed = words.length - doc.name.split(" ").length; typed > 0; typed--) {
    // Which of the optional ones it is cannot be told from here.
    if (left[0] === undefined || left[0].startsWith("[")) break;
    left.shift();
  }
  if (left.length === 0) return "";
  return `${/\s$/.test(line) ? "" : " "}${left.join(" ")}`;
}

/** The command with the longest name that the words begin with. */
function docOf(words: readonly string[], docs: readonly CommandDoc[]): CommandDoc | null {
  const typed = words.map((word) => word.toUpperCase());
  for (const count of [2, 1]) {
    const name = typed.slice(0, count).join(" ");
    const doc = words.length >= count ? docs.find((one) => one.name === name) : undefined;
    if (doc !== undefined) return doc;
  }
  return null;
}

/** `key [NX|XX] [GET key]` → `key`, `[NX|XX]`, `[GET key]`. */
function partsOf(synopsis: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const char of synopsis) {
    if (char === "[") depth++;
    if (char === "]") depth--;
    if (char === " " && depth === 0) {
      if (part !== "") parts.push(part);
      part = "";
    } else part += char;
  }
  return part === "" ? parts : [...parts, part];
}
