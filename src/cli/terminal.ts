/** What the command line tools write and read, so that tests can stand in for it. */

import { fstatSync, writeSync } from "node:fs";

export interface Terminal {
  /** Byte strings. Written before the call returns: an exit right after loses nothing. */
  readonly out: (bytes: string) => void;
  readonly err: (bytes: string) => void;
  /** Bytes of standard input as they come. */
  readonly input: () => AsyncIterable<Uint8Array>;
  readonly inputIsTty: boolean;
  readonly outputIsTty: boolean;
  /** Somebody looks at standard output and standard error, so how far long work is may be drawn there. */
  readonly progress?: boolean;
  /** Bytes of standard input where it is a file. */
  readonly inputSize?: () => number | null;
}

/** The terminal of this process. FAKETTY makes standard output count as a terminal, as for redis-cli. */
export function processTerminal(): Terminal {
  return {
    out: (bytes) => writeWhole(1, bytes),
    err: (bytes) => writeWhole(2, bytes),
    input: () => Bun.stdin.stream(),
    inputIsTty: process.stdin.isTTY === true,
    outputIsTty: process.stdout.isTTY === true || process.env.FAKETTY !== undefined,
    progress: process.stdout.isTTY === true && process.stderr.isTTY === true && process.env.TERM !== "dumb",
    inputSize: () => {
      const input = fstatSync(0);
      return input.isFile() ? input.size : null;
    },
  };
}

/** A terminal that nobody sits at: what is written to it collects in `printed`, and `chunks` are its input. */
export function hiddenTerminal(chunks: Iterable<Uint8Array> = []): {
  readonly terminal: Terminal;
  readonly printed: { out: string; err: string };
} {
  const printed = { out: "", err: "" };
  const terminal: Terminal = {
    out: (bytes) => {
      printed.out += bytes;
    },
    err: (bytes) => {
      printed.err += bytes;
    },
    input: async function* () {
      yield* chunks;
    },
    inputIsTty: false,
    outputIsTty: false,
  };
  return { terminal, printed };
}

/** How long to wait for a reader that does not keep up before trying again. */
const RETRY_MS = 1;

function writeWhole(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(descriptor, bytes, done);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : "";
      // Whoever read this has gone; there is nobody left to tell.
      if (code === "EPIPE") process.exit(0);
      if (code !== "EAGAIN") throw error;
      Bun.sleepSync(RETRY_MS);
    }
  }
}

/** All bytes of an input, as a byte string. */
export async function readAll(input: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}

/** The lines of an input as byte strings, without their line ends; a last line without one counts. */
export async function* readLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of input) {
    const lines = (rest + Buffer.from(chunk).toString("latin1")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
  }
  if (rest !== "") yield rest;
}
