#!ts name=session
/**
 * Sessions that end when they are idle for too long, at the latest at a fixed time, or when their user says so everywhere.
 *
 *     session:ab12         hash {user, data, idleMs, endsAt}, expires
 *     sessions-of:alice    hash {session:ab12 = endsAt, …}: for ending all of a user's sessions
 */

interface Session {
  user: string;
  data: string;
  /** Until the session ends if nobody touches it. */
  expiresInMs: number;
}

/** Begins a session. `idleMs` between two touches, `maxMs` altogether. Throws when the key is taken. */
export function sessionCreate(key: string, user: string, data: string, idleMs: number, maxMs: number): Session {
  if (!(idleMs >= 1 && maxMs >= idleMs)) throw new Error(`idleMs ${idleMs} and maxMs ${maxMs}: 1 <= idleMs <= maxMs`);
  if (Zedis.exists(key) > 0) throw Object.assign(new Error(`${key} is in use`), { code: "SESSION_EXISTS" });
  const endsAt = Math.floor(Zedis.now() + maxMs);
  Zedis.hset(key, { user, data, idleMs, endsAt });
  Zedis.pexpire(key, idleMs);
  const list = listOf(user);
  dropEnded(list);
  Zedis.hset(list, key, endsAt);
  Zedis.pexpire(list, Math.max(maxMs, Zedis.pttl(list)));
  return { user, data, expiresInMs: idleMs };
}

/** The session, with a new idle time; null when it has ended. */
export function sessionTouch(key: string): Session | null {
  const session = Zedis.hgetall(key);
  const { user, data } = session;
  if (user === undefined || data === undefined) return null;
  const expiresInMs = Math.min(Number(session.idleMs), Number(session.endsAt) - Zedis.now());
  if (expiresInMs < 1) {
    sessionEnd(key);
    return null;
  }
  Zedis.pexpire(key, Math.ceil(expiresInMs));
  return { user, data, expiresInMs: Math.ceil(expiresInMs) };
}

/** Replaces the session's data and touches it; null when it has ended. */
export function sessionWrite(key: string, data: string): Session | null {
  if (Zedis.exists(key) === 0) return null;
  Zedis.hset(key, "data", data);
  return sessionTouch(key);
}

/** Ends one session. False when it had ended already. */
export function sessionEnd(key: string): boolean {
  const user = Zedis.hget(key, "user");
  if (user === null) return false;
  Zedis.hdel(listOf(user), key);
  return Zedis.del(key) > 0;
}

/** Ends all sessions of a user, wherever they were begun; returns how many were still open. */
export function sessionEndAll(user: string): number {
  const list = listOf(user);
  let ended = 0;
  for (const key of Zedis.hkeys(list)) ended += Zedis.del(key);
  Zedis.del(list);
  return ended;
}

function listOf(user: string): string {
  return `sessions-of:${user}`;
}

/** A user who comes every day must not have a list that only grows. */
function dropEnded(list: string): void {
  for (const key of Zedis.hkeys(list)) if (Zedis.exists(key) === 0) Zedis.hdel(list, key);
}
