/**
 * Where an error of FUNCTION LOAD is, and the lines around it.
 *
 *     Expression expected (bad.ts:3:13)     ─▶    2 | export function f() {
 *                                               > 3 |   return a +;
 *                                                   |             ^
 */

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** From 1; null where the text names no place. */
export function placeOf(message: string): Place | null {
  const found = /[\w.-]+\.(?:ts|js):(\d+):(\d+)/.exec(message) ?? /user_function:(\d+):/.exec(message);
  if (found === null) return null;
  return { line: Number(found[1]), column: Number(found[2] ?? 1) };
}

export function codeFrame(source: string, { line, column }: Place, around = 2): string {
  const lines = source.split("\n");
  const first = Math.max(line - around, 1);
  const end = Math.min(line + around, lines.length);
  const width = String(end).length;
  const frame: string[] = [];
  for (let number = first; number <= end; number++) {
    frame.push(`${number === line ? ">" : " "} ${String(number).padStart(width)} | ${lines[number - 1] ?? ""}`);
    if (number === line) frame.push(`  ${" ".repeat(width)} | ${" ".repeat(Math.max(column - 1, 0))}^`);
  }
  return frame.join("\n");
}
