/** A source file that cannot become a library: the author's mistake, told with its place. */
export class CompileError extends Error {
  constructor(
    message: string,
    readonly line?: number,
    readonly column?: number,
  ) {
    super(message);
  }

  /** The text of the error reply, without its code. */
  describe(library: string, extension: string): string {
    const place = this.line === undefined ? "" : ` (${library}.${extension}:${this.line}:${this.column ?? 1})`;
    return `${this.message}${place}`;
  }
}
