/** What is wrong with a file, and where. */

export interface Problem {
  readonly message: string;
  /** Both from 1; null where the message is about the whole file. */
  readonly line: number | null;
  readonly column: number | null;
  /** The lines around it; empty where there is no place. */
  readonly frame: string;
}

/** Lines shown before and behind the one that is meant. */
const AROUND = 2;
/** Characters of a line that are shown. */
const WIDTH = 120;

/**
 * What an error reply of FUNCTION LOAD says about `source`, the file's text. `linesAdded`: lines that were put before it and that
 * the engine counts.
 *
 *     ERR Error compiling function: Expected ',', got ';' (hello.ts:2:21)
 *     ERR Error compiling function: out of luck (hello at hello.ts:5:10)
 *     ERR Error compiling function: user_function:3: ')' expected near 'foo'
 */
export function problemOf(reply: string, source: string, linesAdded: number): Problem {
  const text = reply.replace(/^ERR /, "");
  const ours = / \((?:\S+ at )?\w+\.\w+:(\d+):(\d+)\)$/.exec(text);
  if (ours !== null) return placed(text.slice(0, ours.index), source, Number(ours[1]), Number(ours[2]));
  const lua = /user_function:(\d+): /.exec(text);
  if (lua === null) return { message: text, line: null, column: null, frame: "" };
  const before = text.slice(0, lua.index).replace(/: ERR $/, ": ");
  return placed(before + text.slice(lua.index + lua[0].length), source, Number(lua[1]) - linesAdded, null);
}

export function placed(message: string, source: string, line: number, column: number | null): Problem {
  return { message, line, column, frame: codeFrame(source, line, column) };
}

/**
 * The lines around a place:
 *
 *       1 | export function f(k: string) {
 *     > 2 |   return Zedis.get(k;
 *         |                     ^
 *       3 | }
 */
export function codeFrame(source: string, line: number, column: number | null): string {
  const lines = source.split(/\r?\n/);
  if (line < 1 || line > lines.length) return "";
  const first = Math.max(1, line - AROUND);
  const last = Math.min(lines.length, line + AROUND);
  const digits = String(last).length;
  // A long line is shown from where its place is in sight.
  const start = column !== null && column > WIDTH ? column - Math.floor(WIDTH / 2) : 0;
  const shown: string[] = [];
  for (let at = first; at <= last; at++) {
    const text = printable((lines[at - 1] ?? "").slice(start, start + WIDTH));
    shown.push(`${at === line ? ">" : " "} ${String(at).padStart(digits)} | ${text}`.trimEnd());
    if (at === line && column !== null) {
      // Tabs stay, so that the mark is below what it means whatever a tab's width is.
      const before = (lines[at - 1] ?? "").slice(start, column - 1).replace(/[^\t]/g, " ");
      shown.push(`  ${" ".repeat(digits)} | ${before}^`);
    }
  }
  return shown.join("\n");
}

/** A file may hold what would move a terminal's cursor. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "?");
}

/** `hello.ts:2:21: message`, for a line of a log. */
export function describeProblem(path: string, { message, line, column }: Problem): string {
  const place = line === null ? "" : `:${line}${column === null ? "" : `:${column}`}`;
  return `${path}${place}: ${printable(message)}`;
}
