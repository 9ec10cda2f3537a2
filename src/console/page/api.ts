/** The server, as the page speaks to it: commands and pipelines over the HTTP API, and a stream of events. */
import { signal } from "@preact/signals";
import type { Bytes } from "../model/bytes.ts";
import { eventReader, type StreamEvent } from "../model/event-stream.ts";
import type { Reply } from "../model/show-reply.ts";

export type Argument = Bytes | number;

export class ServerError extends Error {
  constructor(
    readonly code: string,
    text: string,
  ) {
    super(text);
  }
}

/** Null: no password was given. Kept for this tab until it is closed. */
const CREDENTIALS = "zedis-credentials";
let authorization = sessionStorage.getItem(CREDENTIALS);

/** What the server said when it refused the credentials; null while nobody has to sign in. */
export const signIn = signal<string | null>(null);
/** Whether the last request reached the server. */
export const isReached = signal(true);
/** The database of what is read and written. */
export const database = signal(Number(sessionStorage.getItem("zedis-db") ?? 0));

export function selectDatabase(index: number): void {
  sessionStorage.setItem("zedis-db", String(index));
  database.value = index;
}

export function signInAs(user: string, password: string): void {
  const bytes = new TextEncoder().encode(`${user === "" ? "default" : user}:${password}`);
  authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  sessionStorage.setItem(CREDENTIALS, authorization);
  signIn.value = null;
}

export function signOut(): void {
  authorization = null;
  sessionStorage.removeItem(CREDENTIALS);
  signIn.value = "";
}

export function isSignedIn(): boolean {
  return authorization !== null;
}

/** The reply; an error of the server as a ServerError. */
export async function command(...words: readonly Argument[]): Promise<Reply> {
  const body = await post("/v1/command", { command: words, db: database.value });
  return (body as { result: Reply }).result;
}

/** Each reply, or its error as a value. */
export async function pipeline(commands: readonly (readonly Argument[])[]): Promise<(Reply | ServerError)[]> {
  if (commands.length === 0) return [];
  const body = await post("/v1/pipeline", { commands, db: database.value });
  return (body as { results: ({ result: Reply } | { error: ErrorBody })[] }).results.map((item) =>
    "error" in item ? errorOf(item.error) : item.result,
  );
}

/** The replies; the first error among them is thrown. */
export async function pipelineOrThrow(commands: readonly (readonly Argument[])[]): Promise<Reply[]> {
  return (await pipeline(commands)).map((reply) => {
    if (reply instanceof ServerError) throw reply;
    return reply;
  });
}

/**
 * Calls `onEvent` for what the server tells, until `stop` is aborted. Returns when the stream has ended; throws when it could not
 * be opened.
 */
export async function listen(
  query: Readonly<Record<string, string>>,
  onEvent: (event: StreamEvent) => void,
  stop: AbortSignal,
  onOpen: () => void,
): Promise<void> {
  const response = await send(`/v1/events?${new URLSearchParams(query)}`, {
    headers: { accept: "text/event-stream", ...authorizationHeader() },
    signal: stop,
  });
  if (!response.ok || response.body === null) throw await failure(response);
  onOpen();
  const read = eventReader();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const event of read(value)) onEvent(event);
  }
}

interface ErrorBody {
  readonly code?: string;
  readonly message?: string;
}

function errorOf(error: ErrorBody): ServerError {
  return new ServerError(error.code ?? "ERR", error.message ?? "The server gave no reason.");
}

async function post(path: string, body: unknown): Promise<unknown> {
  const response = await send(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...authorizationHeader() },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw await failure(response);
  return response.json();
}

/** The body of a GET. */
export async function get(path: string): Promise<unknown> {
  const response = await send(path, { headers: authorizationHeader() });
  if (!response.ok) throw await failure(response);
  return response.json();
}

function authorizationHeader(): Record<string, string> {
  return authorization === null ? {} : { authorization };
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    // The page has its own form for credentials; with cookies omitted the browser shows none of its own.
    const response = await fetch(path, { ...init, credentials: "omit", cache: "no-store" });
    isReached.value = true;
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    isReached.value = false;
    throw new ServerError("UNREACHED", "The server does not answer. It may be stopped, or starting.");
  }
}

async function failure(response: Response): Promise<ServerError> {
  const body = (await response.json().catch(() => ({}))) as { error?: ErrorBody };
  const error = errorOf(body.error ?? { code: "HTTP", message: `The server answered with status ${response.status}.` });
  if (response.status === 401) signIn.value = authorization === null ? "" : error.message;
  return error;
}

/** A text for people of whatever was thrown. */
export function reason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
