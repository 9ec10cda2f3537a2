/** Reading an append only file: where its last whole request or transaction ends, and which second its stamps tell. */

/** How a file of requests ends. */
export interface Finding {
  /** Bytes up to which everything is whole, and the line that begins there, from 1. */
  readonly whole: number;
  readonly line: number;
  readonly requests: number;
  /** Null: to the end. */
  readonly wrong: string | null;
  /** Where the first stamp (`#TS:`) later than the second asked for stands; null if there is none. */
  readonly later: number | null;
  /** Is there a stamp at all before that? */
  readonly stamped: boolean;
}

/** Longest line that is not an argument, bytes. */
const LINE_BYTES_MAX = 1024;

/** Reads requests from `from` on. A transaction that does not end counts as not there. `until`: seconds since the epoch. */
export function checkRequests(bytes: Uint8Array, from = 0, until = Number.POSITIVE_INFINITY): Finding {
  let [at, lines, requests] = [from, 1, 0];
  // Where the last whole request or transaction ends; and the MULTI that has not come to its EXEC.
  let whole = { at: from, line: 1 };
  let multi: { at: number; line: number } | null = null;
  let [later, stamped]: [number | null, boolean] = [null, false];
  const found = (text: string | null): Finding => {
    const end = multi ?? whole;
    const wrong = text === null ? null : `${text} at offset ${at}`;
    return { whole: end.at, line: end.line, requests, wrong, later, stamped };
  };
  const line = (start: number): [text: string, next: number] | null => {
    const end = bytes.indexOf(10, start);
    if (end < 0 || end === start || bytes[end - 1] !== 13 || end - start > LINE_BYTES_MAX) return null;
    return [Buffer.from(bytes.subarray(start, end - 1)).toString("latin1"), end + 1];
  };
  while (at < bytes.length) {
    const first = bytes[at];
    if (first !== 0x2a && first !== 0x23) return found("Neither a request nor a comment");
    const head = line(at);
    if (head === null) {
      return found(bytes.length - at < LINE_BYTES_MAX ? "The file ends inside a request" : "No line ends");
    }
    if (first === 0x23) {
      const second = /^#TS:(\d+)$/.exec(head[0])?.[1];
      if (second !== undefined && later === null) {
        if (Number(second) > until) later = (multi ?? { at }).at;
        else stamped = true;
      }
      at = head[1];
      lines++;
      if (multi === null) whole = { at, line: lines };
      continue;
    }
    const count = /^\*\d+$/.test(head[0]) ? Number(head[0].slice(1)) : 0;
    if (count === 0) return found("No number of arguments");
    let [next, name] = [head[1], ""];
    for (let index = 0; index < count; index++) {
      if (next >= bytes.length) return found("The file ends inside a request");
      const size = line(next);
      if (size === null) return found("The file ends inside a request");
      if (!/^\$\d+$/.test(size[0])) return found("No length of an argument");
      const end = size[1] + Number(size[0].slice(1));
      if (end + 2 > bytes.length) return found("The file ends inside a request");
      if (bytes[end] !== 13 || bytes[end + 1] !== 10) return found("An argument is longer than it says");
      if (index === 0) name = Buffer.from(bytes.subarray(size[1], end)).toString("latin1").toLowerCase();
      next = end + 2;
    }
    if (name === "multi" && multi !== null) return found("MULTI inside a transaction");
    if (name === "exec" && multi === null) return found("EXEC without a transaction");
    if (name === "multi") multi = { at, line: lines };
    if (name === "exec") multi = null;
    at = next;
    lines += 1 + 2 * count;
    requests++;
    if (multi === null) whole = { at, line: lines };
  }
  return found(multi === null ? null : "The file ends inside a transaction");
}
