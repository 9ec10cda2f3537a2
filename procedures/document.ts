#!ts name=document
/**
 * JSON documents with a version. A writer says which version it has read; if another was faster, it is told instead of
 * overwriting. Stored as one string: {"version":3,"body":{…}}.
 */

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

interface Stored {
  version: number;
  body: Json;
}

interface Versioned {
  version: number;
  /** JSON text. */
  body: string;
}

const DEPTH_MAX = 64;

/**
 * The document, or null.
 * @no-writes
 */
export function documentGet(key: string): Versioned | null {
  const stored = read(key);
  return stored === null ? null : { version: stored.version, body: JSON.stringify(stored.body) };
}

/** Stores `body` (JSON text) when the document still has `expectedVersion`; 0: when there is none yet. Returns the new version. */
export function documentPut(key: string, expectedVersion: number, body: string): number {
  const version = read(key)?.version ?? 0;
  if (version !== expectedVersion)
    throw Object.assign(new Error(`${key} has version ${version}, not ${expectedVersion}`), {
      code: "VERSION_CONFLICT",
    });
  return write(key, version + 1, parse(body));
}

/** Applies a JSON merge patch (RFC 7396): members are replaced, null removes one. Creates the document if need be. */
export function documentPatch(key: string, patch: string): Versioned {
  const stored = read(key) ?? { version: 0, body: {} };
  const body = merge(stored.body, parse(patch), 0);
  const version = write(key, stored.version + 1, body);
  return { version, body: JSON.stringify(body) };
}

/** Removes the document when it still has `expectedVersion`. False when there was none. */
export function documentDelete(key: string, expectedVersion: number): boolean {
  const stored = read(key);
  if (stored === null) return false;
  if (stored.version !== expectedVersion) {
    throw Object.assign(new Error(`${key} has version ${stored.version}, not ${expectedVersion}`), {
      code: "VERSION_CONFLICT",
    });
  }
  return Zedis.del(key) > 0;
}

function read(key: string): Stored | null {
  return Zedis.get_json<Stored>(key);
}

function write(key: string, version: number, body: Json): number {
  Zedis.set_json(key, { version, body });
  return version;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (problem) {
    throw Object.assign(new Error(problem instanceof Error ? problem.message : "not JSON"), { code: "INVALID_JSON" });
  }
}

function merge(target: Json, patch: Json, depth: number): Json {
  if (depth > DEPTH_MAX)
    throw Object.assign(new Error(`a document has at most ${DEPTH_MAX} levels`), { code: "TOO_DEEP" });
  if (!isObject(patch)) return patch;
  const entries = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) entries.delete(name);
    else entries.set(name, merge(entries.get(name) ?? null, value, depth + 1));
  }
  return Object.fromEntries(entries);
}

function isObject(value: Json): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
