/** `--pipe`: sends standard input, which is RESP already, as it is and counts the replies. */

import { randomBytes } from "node:crypto";
import { encodeRequest, ProtocolError } from "../resp/resp.ts";
import { ConnectionError } from "./connection.ts";
import { Progress, sizeOf } from "./progress.ts";
import { Exit, type Session } from "./session.ts";

const MARK_BYTES = 20;

/** Ends with Exit: 0 when every reply came and none was an error. */
export async function pipeInput(session: Session): Promise<never> {
  const { terminal, connection, options } = session;
  // The reply to this ECHO is the last one, whatever came before it and however many replies that makes.
  const mark = randomBytes(MARK_BYTES).toString("latin1");
  let sent = false;
  let replies = 0;
  let errors = 0;
  let lastReplyAt = Date.now();

  const progress = new Progress(terminal.progress === true ? terminal.err : () => {}, "sending");
  const size = terminal.inputSize?.() ?? 0;
  let bytes = 0;

  const sending = (async () => {
    for await (const chunk of terminal.input()) {
      if (!connection.write(chunk)) await connection.drained();
      bytes += chunk.length;
      progress.update(bytes, size, `${sizeOf(bytes)}, ${replies} replies`);
    }
    progress.end();
    // The empty line first ends whatever garbage the input may have left open.
    connection.write(Buffer.from("\r\n"));
    connection.write(encodeRequest(["ECHO", mark]));
    sent = true;
    lastReplyAt = Date.now();
    terminal.out("All data transferred. Waiting for the last reply...\n");
  })();

  const receiving = (async () => {
    for (;;) {
      const reply = await connection.next();
      lastReplyAt = Date.now();
      if (reply.kind === "error") {
        progress.end();
        terminal.err(`${reply.bytes}\n`);
        errors++;
      } else if (reply.kind === "bulk" && reply.bytes === mark && sent) {
        terminal.out("Last reply received from server.\n");
        return;
      }
      replies++;
    }
  })();

  try {
    await Promise.race([Promise.all([sending, receiving]), silence()]);
  } catch (error) {
    if (!(error instanceof ConnectionError || error instanceof ProtocolError)) throw error;
    terminal.err("Error reading replies from server\n");
    throw new Exit(1);
  }
  terminal.out(`errors: ${errors}, replies: ${replies}\n`);
  throw new Exit(errors === 0 ? 0 : 1);

  /** Resolves once the server has said nothing for too long after all was sent. */
  async function silence(): Promise<void> {
    const limit = options.pipeTimeoutSeconds;
    if (limit <= 0) return new Promise(() => {});
    while (!sent || Date.now() - lastReplyAt <= limit * 1000) await Bun.sleep(100);
    terminal.err(`No replies for ${limit} seconds: exiting.\n`);
    errors++;
  }
}
