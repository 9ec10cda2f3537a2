/** Which commands may run in a session that the next request gets, and how a list of them is run. */
import type { TableRow } from "../../runtime/host/commands.ts";
import type { Reply } from "../resp/resp.ts";
import { type InnerSession, SessionError } from "./inner.ts";

/** What would leave the session in another state than the next request expects, and what to use instead. */
const REFUSED: Readonly<Record<string, string>> = {
  select: "give the database as `db`",
  auth: "log in with the Authorization header",
  hello: "log in with the Authorization header; replies are JSON",
  reset: "a request has no session to reset",
  quit: "a request has no session to end",
  monitor: "use GET /v1/events?monitor=1",
  subscribe: "use GET /v1/events?channels=…",
  psubscribe: "use GET /v1/events?patterns=…",
  ssubscribe: "use GET /v1/events?channels=…",
  unsubscribe: "close the stream of /v1/events",
  punsubscribe: "close the stream of /v1/events",
  sunsubscribe: "close the stream of /v1/events",
  watch: "use a procedure or a script, which run as a whole",
  unwatch: "nothing is watched",
  sync: "this is no replica",
  psync: "this is no replica",
  replconf: "this is no replica",
  "client|reply": "every command has its reply",
  "client|tracking": "nobody would hear what becomes invalid",
  "client|caching": "nobody would hear what becomes invalid",
  "client|setname": "the session is shared",
  "client|setinfo": "the session is shared",
  "client|no-evict": "the session is shared",
  "client|no-touch": "the session is shared",
  "client|capa": "the session is shared",
  "client|import-source": "the session is shared",
  himport: "the session is shared",
};

/** Commands of MULTI, which make sense in a list alone. */
const TRANSACTION = new Set(["multi", "exec", "discard"]);

export class Commands {
  readonly #blocking: ReadonlySet<string>;

  constructor(table: readonly TableRow[]) {
    this.#blocking = new Set(
      table.filter((row) => row.flags.some((flag) => flag.toLowerCase() === "blocking")).map((row) => row.name),
    );
  }

  /** Why a command cannot run here, or null. `words`: byte strings; `inList`: MULTI and EXEC are allowed. */
  refusal(words: readonly string[], inList: boolean): string | null {
    const name = (words[0] ?? "").toLowerCase();
    const whole = `${name}|${(words[1] ?? "").toLowerCase()}`;
    const instead = own(REFUSED, name) ?? own(REFUSED, whole);
    const shown = own(REFUSED, name) === undefined ? whole.replace("|", " ") : name;
    if (instead !== undefined) return `ERR '${shown}' cannot run over HTTP: ${instead}`;
    if (!inList && TRANSACTION.has(name)) {
      return `ERR '${name}' alone cannot run over HTTP: send MULTI … EXEC as one list to POST /v1/pipeline`;
    }
    if (this.#waits(name, words)) {
      return `ERR '${name}' may wait, and cannot run over HTTP: use the form that does not block, or GET /v1/events`;
    }
    return null;
  }

  #waits(name: string, words: readonly string[]): boolean {
    if (!this.#blocking.has(name)) return false;
    // XREAD waits only where it is asked to; BLOCK stands before the keys.
    if (name !== "xread" && name !== "xreadgroup") return true;
    const options = words.slice(1).map((word) => word.toLowerCase());
    const end = options.indexOf("streams");
    return options.slice(0, end < 0 ? options.length : end).includes("block");
  }
}

/** Why the MULTI and EXEC of a list do not fit, or null. */
export function unbalanced(list: readonly (readonly string[])[]): string | null {
  let open = false;
  for (const [index, words] of list.entries()) {
    const name = words[0]?.toLowerCase();
    if (name === "multi" && open) return `ERR command ${index} is MULTI inside of MULTI`;
    if ((name === "exec" || name === "discard") && !open)
      return `ERR command ${index} is ${name.toUpperCase()} without MULTI`;
    if (name === "multi") open = true;
    if (name === "exec" || name === "discard") open = false;
  }
  return open ? "ERR MULTI without EXEC: a transaction has to be whole in one list" : null;
}

/** Runs a balanced list in a session of its own; replies in order. Rejects with SessionError. */
export async function runList(session: InnerSession, list: readonly (readonly string[])[]): Promise<Reply[]> {
  if (!list.some((words) => words[0]?.toLowerCase() === "multi")) return session.callAll(list);
  const replies: Promise<Reply>[] = [];
  for (let at = 0; at < list.length; at++) {
    const words = list[at] ?? [];
    const reply = session.call(words);
    replies.push(reply);
    if (words[0]?.toLowerCase() !== "multi") continue;
    // A user who may not MULTI must not have the rest run one by one.
    const began = await reply;
    if (began.kind !== "error") continue;
    while (at + 1 < list.length && !/^(exec|discard)$/i.test(list[at]?.[0] ?? "")) {
      at++;
      replies.push(Promise.resolve(began));
    }
  }
  // All are awaited, or one that fails would leave the others without anybody who listens.
  const settled = await Promise.allSettled(replies);
  return settled.map((one) => {
    if (one.status === "fulfilled") return one.value;
    throw one.reason instanceof Error ? one.reason : new SessionError("ERR", String(one.reason), 503);
  });
}

function own(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
