/**
 * Bytes as the HTTP API gives and takes them: text where they are UTF-8, else base64.
 *
 *     "plain"   {base64: "/wA="}
 *
 * Keys and values are whatever a client wrote: what is shown of them is escaped, what is sent back is exactly what came.
 */
export type Bytes = string | { readonly base64: string };

export type ByteFormat = "text" | "hex" | "base64";

export function isBytes(value: unknown): value is Bytes {
  if (typeof value === "string") return true;
  return typeof value === "object" && value !== null && typeof (value as { base64?: unknown }).base64 === "string";
}

/** The bytes of a reply's element; a number or boolean as its text. */
export function asBytes(value: unknown): Bytes {
  return isBytes(value) ? value : String(value ?? "");
}

/** Text of bytes that are expected to be text. */
export function asText(value: unknown): string {
  return typeof value === "string" ? value : isBytes(value) ? showBytes(value) : String(value ?? "");
}

export function toArray(value: Bytes): Uint8Array {
  if (typeof value === "string") return new TextEncoder().encode(value);
  const binary = atob(value.base64);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** Text where the bytes are UTF-8, else base64. */
export function fromArray(bytes: Uint8Array): Bytes {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { base64: toBase64(bytes) };
  }
}

export function sameBytes(left: Bytes, right: Bytes): boolean {
  return identity(left) === identity(right);
}

/** A string that two values share only when their bytes are the same. */
export function identity(value: Bytes): string {
  return typeof value === "string" ? `t${value}` : `b${value.base64}`;
}

export function bytesOfIdentity(text: string): Bytes | null {
  if (text.startsWith("t")) return text.slice(1);
  return text.startsWith("b") ? { base64: text.slice(1) } : null;
}

/** Control characters, and those that turn the direction of text around or have no width: they could make one key look like another. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** For people to read: hidden characters and bytes that are no text as escapes. `lines`: line ends and tabs stay as they are. */
export function showBytes(value: Bytes, { lines = false, length_max = Infinity } = {}): string {
  const text = typeof value === "string" ? value : latin1(toArray(value));
  const cut = text.length > length_max ? `${text.slice(0, length_max)}…` : text;
  const shown = cut.replace(HIDDEN, (character) => escapeOf(character.charCodeAt(0)));
  return lines ? shown : shown.replace(/\n/g, "\\n").replace(/\t/g, "\\t");
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte < 0x80 ? String.fromCharCode(byte) : escapeOf(byte);
  return text;
}

function escapeOf(code: number): string {
  if (code === 13) return "\\r";
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** The text of an input field for a value. */
export function toField(value: Bytes, format: ByteFormat): string {
  if (format === "text") return typeof value === "string" ? value : new TextDecoder().decode(toArray(value));
  const bytes = toArray(value);
  return format === "hex" ? toHex(bytes) : toBase64(bytes);
}

/** The value that an input field's text stands for. Throws a text for people where there is none. */
export function fromField(text: string, format: ByteFormat): Bytes {
  if (format === "text") return text;
  const compact = text.replace(/\s+/g, "");
  if (format === "base64") {
    try {
      return fromArray(toArray({ base64: compact }));
    } catch {
      throw new Error("This is not base64: only A–Z, a–z, 0–9, + and /, padded with =.");
    }
  }
  if (!/^(?:[0-9a-f]{2})*$/i.test(compact)) throw new Error("This is not hex: two digits (0–9, a–f) for each byte.");
  return fromArray(Uint8Array.from(compact.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
}

/** Which format loses nothing of a value. */
export function naturalFormat(value: Bytes): ByteFormat {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an input field would not keep them
  return typeof value === "string" && !/[\u0000-\u0008\u000b-\u001f]/.test(value) ? "text" : "hex";
}

/** Pairs of digits, 16 bytes a line. */
function toHex(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    lines.push(Array.from(bytes.subarray(at, at + 16), (byte) => byte.toString(16).padStart(2, "0")).join(" "));
  }
  return lines.join("\n");
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
