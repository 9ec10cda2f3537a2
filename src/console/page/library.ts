/** Libraries and what is known of their functions, as the views need them. */
import { asText, type Bytes } from "../model/bytes.ts";
import type { Parameter } from "../model/call-form.ts";
import { command } from "./api.ts";

export interface LibraryFunction {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly returns: string;
}

export interface Library {
  readonly name: string;
  readonly engine: string;
  readonly code: string;
  readonly functions: readonly LibraryFunction[];
}

export interface Figures {
  readonly calls: number;
  readonly errors: number;
  readonly retries: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface LogLine {
  readonly time: number;
  readonly level: string;
  readonly core: number;
  readonly fn: string;
  readonly text: string;
}

type Fields = Readonly<Record<string, unknown>>;

export async function libraries(): Promise<Library[]> {
  const reply = (await command("FUNCTION", "LIST", "WITHCODE", "WITHTYPES")) as unknown as Fields[];
  return reply
    .map((fields) => ({
      name: asText(fields.library_name),
      engine: asText(fields.engine),
      code: asText(fields.library_code),
      functions: (fields.functions as Fields[]).map(functionOf),
    }))
    .sort((left, right) => left.name.localeCompare(right.name));
}

function functionOf(fields: Fields): LibraryFunction {
  return {
    name: asText(fields.name),
    description: asText(fields.description),
    flags: (fields.flags as unknown[]).map(asText),
    parameters: ((fields.parameters ?? []) as Fields[]).map(({ name, type, optional, rest }) => ({
      name: asText(name),
      type: asText(type),
      optional: optional === true || optional === 1,
      rest: rest === true || rest === 1,
    })),
    returns: asText(fields.returns),
  };
}

/** By the function's name. */
export async function figures(): Promise<ReadonlyMap<string, Figures>> {
  const reply = (await command("FUNCTION", "STATS", "WITHFUNCTIONS")) as unknown as {
    functions?: Record<string, Fields>;
  };
  return new Map(
    Object.entries(reply.functions ?? {}).map(([name, fields]) => [
      name,
      {
        calls: Number(fields.calls),
        errors: Number(fields.errors),
        retries: Number(fields.retries),
        p50: Number(fields.p50_usec),
        p99: Number(fields.p99_usec),
        max: Number(fields.max_usec),
      },
    ]),
  );
}

const LOG_LINES = 200;

/** The newest lines last. */
export async function logLines(library: string): Promise<LogLine[]> {
  const reply = (await command("FUNCTION", "LOG", library, "COUNT", LOG_LINES)) as unknown as Fields[];
  return reply.map((fields) => ({
    time: Number(fields.time_ms),
    level: asText(fields.level),
    core: Number(fields.core),
    fn: asText(fields.function),
    text: asText(fields.text),
  }));
}

export interface Version {
  readonly version: number;
  readonly loadedAt: number;
  readonly user: string;
  readonly digest: string;
  readonly bytes: number;
  readonly isLive: boolean;
  /** As the server gave it: a source in Lua may be no text. */
  readonly code: Bytes;
}

/** The latest first. */
export async function versions(library: string): Promise<Version[]> {
  const reply = (await command("FUNCTION", "VERSIONS", library, "WITHCODE")) as unknown as Fields[];
  return reply.map((fields) => ({
    version: Number(fields.version),
    loadedAt: Number(fields.loaded_ms),
    user: asText(fields.user),
    digest: asText(fields.digest),
    bytes: Number(fields.bytes),
    isLive: fields.live === true || fields.live === 1,
    code: fields.library_code as Bytes,
  }));
}

/** The declaration as an author reads it: `(sku: string, amount?: number): Level` */
export function signature({ parameters, returns }: LibraryFunction): string {
  const shown = parameters.map(
    ({ name, type, optional, rest }) => `${rest ? "..." : ""}${name}${optional && !rest ? "?" : ""}: ${type}`,
  );
  return `(${shown.join(", ")})${returns === "" ? "" : `: ${returns}`}`;
}
