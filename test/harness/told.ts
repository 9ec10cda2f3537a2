/** What a connection is told without having asked just now: messages, invalidations. */
import { type Reply, show } from "./resp.ts";
import { until, within } from "./wait.ts";
import type { Command, Wire } from "./wire.ts";

/** The next thing it is told, as text: pushes in RESP3, replies in RESP2. */
export async function told(wire: Wire): Promise<string> {
  if (wire.protocol === 2) return flat(await within(5000, "a message", wire.reply()));
  await until("a push", () => wire.pushes.length > 0);
  return flat(wire.pushes.shift() as Reply);
}

/** Sends a command that is answered by `count` pushes (RESP3) or replies (RESP2) and no other reply; gives them as texts. */
export async function tells(wire: Wire, command: Command, count = 1): Promise<string[]> {
  if (wire.protocol === 3) wire.send(command);
  const first = wire.protocol === 3 ? told(wire) : wire.call(command).then(flat);
  const texts = [await first];
  while (texts.length < count) texts.push(await told(wire));
  return texts;
}

/** Nothing more was told: a PING behind it all comes back first. */
export async function quiet(wire: Wire): Promise<string[]> {
  await within(5000, "PONG", wire.call("PING"));
  return wire.pushes.splice(0).map(flat);
}

/** `[message, news, hello]`, items separated by blanks: `message news hello`. */
export function flat(reply: Reply): string {
  if (reply.kind === "array" || reply.kind === "push" || reply.kind === "set") return reply.items.map(inner).join(" ");
  return inner(reply);
}

function inner(reply: Reply): string {
  if (reply.kind === "bulk") return Buffer.from(reply.bytes).toString();
  if (reply.kind === "integer") return String(reply.value);
  if (reply.kind === "array") return `[${reply.items.map(inner).join(" ")}]`;
  if (reply.kind === "simple") return reply.text;
  return show(reply);
}
