/** Messages between the main thread and the cores about libraries. */
import type { LibraryImage } from "./schema.ts";

/** main → core, through native code, so that it arrives between two calls. */
export type Mail =
  | { readonly op: "thaw"; readonly seq: number; readonly library: LibraryImage }
  | { readonly op: "drop"; readonly seq: number; readonly ids: readonly number[] };

/** What to tell every core; who sends it adds the number. */
export type Message = Mail extends infer One ? (One extends Mail ? Omit<One, "seq"> : never) : never;

/** core → main: the mail `seq` is done. */
export interface MailAnswer {
  readonly op: "thawed" | "dropped";
  readonly seq: number;
  readonly core: number;
  readonly error?: string;
}

/** core → main: a client's control request waits. */
export interface Note {
  readonly op: "note";
  readonly core: number;
}

export type CoreMessage = MailAnswer | Note;
