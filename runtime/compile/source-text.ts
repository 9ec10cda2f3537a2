/** A source file and the byte offsets that SWC speaks in (from 1, UTF-8). */
export class SourceText {
  readonly #bytes: Buffer;
  /** Byte offset, from 1, at which each line starts. */
  readonly #lines: number[] = [FIRST_OFFSET];

  constructor(readonly text: string) {
    this.#bytes = Buffer.from(text);
    for (let at = this.#bytes.indexOf(10); at >= 0; at = this.#bytes.indexOf(10, at + 1)) {
      this.#lines.push(at + 1 + FIRST_OFFSET);
    }
  }

  /** The text of a node. */
  slice(span: Span): string {
    return this.#between(span.start, span.end);
  }

  /** Line and column, from 1; columns count UTF-16 units, as editors and engines do. Cost: logarithmic, and one line. */
  position(offset: number): Position {
    let low = 0;
    let high = this.#lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lines[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: this.#between(this.#lines[low] ?? FIRST_OFFSET, offset).length + 1 };
  }

  /**
   * The text with some ranges turned into spaces, which keeps the lines and columns of the rest, and some short texts put in,
   * which `shifts` tells of.
   */
  edit(blanks: readonly Span[], inserts: readonly Insert[]): EditedText {
    const edits = [
      ...blanks.map((span) => ({ ...span, text: this.slice(span).replace(/[^\n]/g, " "), inserted: false })),
      ...inserts.map(({ at, text }) => ({ start: at, end: at, text, inserted: true })),
    ].sort((a, b) => a.start - b.start);
    const parts: string[] = [];
    const shifts: Shift[] = [];
    let at = FIRST_OFFSET;
    let lastLine = 0;
    let added = 0;
    for (const edit of edits) {
      parts.push(this.#between(at, edit.start), edit.text);
      at = edit.end;
      if (!edit.inserted) continue;
      const { line, column } = this.position(edit.start);
      added = line === lastLine ? added : 0;
      lastLine = line;
      shifts.push([line, column + added, edit.text.length]);
      added += edit.text.length;
    }
    parts.push(this.#between(at, this.#bytes.length + FIRST_OFFSET));
    return { text: parts.join(""), shifts };
  }

  #between(from: number, to: number): string {
    return this.#bytes.toString("utf8", from - FIRST_OFFSET, to - FIRST_OFFSET);
  }
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** Text to put in before the byte at `at`. */
export interface Insert {
  readonly at: number;
  readonly text: string;
}

/** [line, column in the edited text, length] of text that was put in; in order. */
export type Shift = readonly [number, number, number];

export interface EditedText {
  readonly text: string;
  readonly shifts: readonly Shift[];
}

/** Where a position of the edited text is in the author's. */
export function unshift(shifts: readonly Shift[], { line, column }: Position): Position {
  let removed = 0;
  for (const [onLine, at, length] of shifts) {
    if (onLine === line && at < column) removed += Math.min(length, column - at);
  }
  return { line, column: column - removed };
}

/** SWC counts bytes from 1. */
export const FIRST_OFFSET = 1;
