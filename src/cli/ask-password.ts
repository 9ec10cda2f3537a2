/** `--askpass`: a password that stands on no command line and in no environment. */
import { bytesOfText } from "../config/words.ts";
import type { Terminal } from "./terminal.ts";

const QUESTION = "Please input password: ";
const [CTRL_C, CTRL_D, BACKSPACE, LINE_FEED, RETURN, CTRL_U, DELETE] = [3, 4, 8, 10, 13, 21, 127];

export interface Asked {
  /** A byte string; null: nobody answered. */
  readonly password: string | null;
  /** The same, whose standard input goes on behind the password. */
  readonly terminal: Terminal;
}

/** Reads it from a person, to whom only stars are shown, or as the first line of what is piped in. */
export async function askPassword(terminal: Terminal): Promise<Asked> {
  if (terminal.inputIsTty) return { password: await typed(terminal), terminal };
  const chunks = terminal.input()[Symbol.asyncIterator]();
  let read = Buffer.alloc(0);
  let end = -1;
  while (end < 0) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    read = Buffer.concat([read, value]);
    end = read.indexOf(LINE_FEED);
  }
  const line = read.toString("latin1", 0, end < 0 ? read.length : end).replace(/\r$/, "");
  const rest = end < 0 ? Buffer.alloc(0) : read.subarray(end + 1);
  const input = async function* (): AsyncGenerator<Uint8Array> {
    if (rest.length > 0) yield rest;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  };
  // How much of a file is left is not what its size says.
  return { password: line === "" && end < 0 ? null : line, terminal: { ...terminal, input, inputSize: () => null } };
}

function typed({ out }: Terminal): Promise<string | null> {
  const { stdin } = process;
  out(QUESTION);
  stdin.setRawMode(true);
  stdin.resume();
  let text = "";
  return new Promise((resolve) => {
    const decoder = new TextDecoder();
    const finish = (password: string | null): void => {
      stdin.off("data", take);
      stdin.setRawMode(false);
      stdin.pause();
      out("\n");
      resolve(password);
    };
    const take = (keys: Buffer): void => {
      for (const key of decoder.decode(keys, { stream: true })) {
        const code = key.codePointAt(0) ?? 0;
        if (code === RETURN || code === LINE_FEED || code === CTRL_C || (code === CTRL_D && text === "")) {
          finish(code === RETURN || code === LINE_FEED ? bytesOfText(text) : null);
          return;
        }
        if (code === CTRL_U) {
          out("\b \b".repeat([...text].length));
          text = "";
        } else if (code === BACKSPACE || code === DELETE) {
          if (text !== "") out("\b \b");
          text = [...text].slice(0, -1).join("");
        } else if (code >= 32) {
          text += key;
          out("*");
        }
      }
    };
    stdin.on("data", take);
  });
}
