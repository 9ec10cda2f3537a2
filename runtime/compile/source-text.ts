/** A source file and the byte offsets that SWC speaks in (from 1, UTF-8). */
export class SourceText {
  readonly #bytes: Buffer;

  constructor(readonly text: string) {
    this.#bytes = Buffer.from(text);
  }

  /** The text of a node. */
  slice(span: Span): string {
    return this.#bytes.toString("utf8", span.start - 1, span.end - 1);
  }

  between(from: number, to: number): string {
    return this.#bytes.toString("utf8", from - 1, to - 1);
  }

  /** Line and column, from 1; columns count UTF-16 units, as editors and engines do. */
  position(offset: number): { line: number; column: number } {
    const before = this.between(1, offset);
    const lastBreak = before.lastIndexOf("\n");
    return { line: before.split("\n").length, column: before.length - lastBreak };
  }

  /** The text with these ranges turned into spaces; lines and columns of the rest stay. */
  blank(ranges: readonly Span[]): string {
    const parts: string[] = [];
    let at = 1;
    for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
      parts.push(this.between(at, range.start), this.slice(range).replace(/[^\n]/g, " "));
      at = range.end;
    }
    parts.push(this.between(at, this.#bytes.length + 1));
    return parts.join("");
  }
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

export const FIRST_OFFSET = 1;
