/** Watches what a server does at length (loading, saving, rewriting its log) and shows it, by INFO on a connection of its own. */
import { Progress, sizeOf } from "./progress.ts";
import { Session } from "./session.ts";
import type { Terminal } from "./terminal.ts";

export type LongWork = "load" | "save" | "rewrite";

const LOOK_EVERY_MS = 100;
const LABELS: Readonly<Record<LongWork, string>> = { load: "loading", save: "saving", rewrite: "rewriting the log" };

/** The work that a command begins and does not wait for, or is held up by. */
export function workOf(words: readonly string[]): LongWork | null {
  const [name = ""] = words.map((word) => word.toLowerCase());
  if (name === "save" || name === "bgsave") return "save";
  return name === "bgrewriteaof" ? "rewrite" : null;
}

/**
 * Shows the work until the server says that it is through, or `ended` does where it is given. Gives false where the server could not be asked or the person does not want to
 * wait. Does nothing where nobody looks at it.
 */
export async function showWork(
  session: Session,
  work: LongWork,
  ended: (() => boolean) | null = null,
): Promise<boolean> {
  const { terminal, options } = session;
  if (terminal.progress !== true) return false;
  const silent: Terminal = { ...terminal, out: () => {}, err: () => {} };
  const watcher = new Session(options, silent);
  const progress = new Progress(terminal.err, LABELS[work]);
  let isWanted = true;
  session.onInterrupt = () => {
    isWanted = false;
  };
  try {
    if (!(await watcher.connect(true))) return false;
    while (isWanted && ended?.() !== true) {
      const reply = await watcher.call("INFO", "persistence");
      if (!("bytes" in reply) || reply.kind === "error") return false;
      const fields = new Map(reply.bytes.split("\r\n").map((line) => line.split(":", 2) as [string, string]));
      const field = (name: string): number => Number(fields.get(name) ?? 0);
      if (ended === null && !isUnderWay(work, field)) return true;
      draw(progress, work, field);
      await Bun.sleep(LOOK_EVERY_MS);
    }
    return isWanted;
  } catch {
    return false;
  } finally {
    session.onInterrupt = null;
    progress.end();
    watcher.close();
  }
}

function isUnderWay(work: LongWork, field: (name: string) => number): boolean {
  const name = { load: "loading", save: "rdb_bgsave_in_progress", rewrite: "aof_rewrite_in_progress" }[work];
  return field(name) !== 0;
}

function draw(progress: Progress, work: LongWork, field: (name: string) => number): void {
  if (work === "load") {
    const [done, total] = [field("loading_loaded_bytes"), field("loading_total_bytes")];
    progress.update(done, total, `${sizeOf(done)} of ${sizeOf(total)}, ${field("loading_eta_seconds")} s left`);
  } else {
    const [done, total] = [field("current_save_keys_processed"), field("current_save_keys_total")];
    progress.update(done, total, total > 0 ? `${done} of ${total} keys` : "");
  }
}
