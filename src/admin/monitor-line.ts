/** A line of MONITOR as data: `1700000000.123456 [0 127.0.0.1:5000] "SET" "k" "v\x00"`. */
import { bytesToJson, type Json } from "./json.ts";

const LINE = /^(\d+\.\d+) \[(\d+) ([^"]*)\] (".*)$/s;
const WORD = /"((?:[^"\\]|\\.)*)"/gs;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b" };

/** `line`: a byte string. Null where it is no such line. Cost: one pass. */
export function monitorLine(line: string): Json | null {
  const parts = LINE.exec(line);
  if (parts === null) return null;
  const [, time = "", db = "", client = "", words = ""] = parts;
  const command = [...words.matchAll(WORD)].map(([, word = ""]) => bytesToJson(unescaped(word)));
  return { time: Number(time), db: Number(db), client, command };
}

function unescaped(word: string): string {
  return word.replace(/\\(x[0-9a-f]{2}|.)/gis, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? code),
  );
}
