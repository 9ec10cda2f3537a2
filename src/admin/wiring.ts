/** Puts the parts of the API together. */
import { type Api, makeApi } from "./api.ts";
import { Commands } from "./commands.ts";
import { Events } from "./events.ts";
import { Metrics } from "./metrics.ts";
import type { AdminDeps } from "./server.ts";
import { Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";

/** `sweep`: to be called now and then, closes what nobody uses. */
export function wire(
  { settings, native, table, libraries, dev, log }: AdminDeps,
  tokens: Tokens,
): { api: Api; sweep: () => void } {
  const sessions = new Sessions(native, () => settings.number("admin-reply-limit"));
  const events = new Events(
    sessions,
    () => settings.number("admin-events-buffer"),
    () => settings.get("notify-keyspace-events"),
  );
  const api = makeApi({
    sessions,
    metrics: new Metrics(sessions),
    tokens,
    may: native.may,
    events,
    commands: new Commands(table),
    libraries,
    dev,
    log,
  });
  return { api, sweep: () => sessions.sweep() };
}
