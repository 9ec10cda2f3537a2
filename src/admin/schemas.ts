/** Shapes that several routes take or give. */
import { t } from "elysia";
import { PIPELINE_MAX } from "./limits.ts";

export const strict = { additionalProperties: false } as const;

const Base64 = t.Object(
  { base64: t.String({ pattern: "^[A-Za-z0-9+/]*={0,2}$", description: "Bytes that are no UTF-8" }) },
  { additionalProperties: false },
);

export const Bytes = t.Union([t.String(), Base64], { description: "Text, or bytes in base64" });
export const Argument = t.Union([t.String(), t.Number(), Base64]);
export const Command = t.Array(Argument, { minItems: 1, maxItems: 1_000_000, examples: [["GET", "key"]] });
export const List = t.Array(Command, { maxItems: PIPELINE_MAX });
export const Encoding = t.Union([t.Literal("utf8"), t.Literal("base64")], {
  description: "base64: every string of the reply, whether it is text or not",
});
export const Database = t.Integer({ minimum: 0, maximum: 2 ** 31 - 1, description: "Database" });
/** The same in the query, where all is text. */
export const DatabaseQuery = t.String({ pattern: "^[0-9]{1,9}$", description: "Database; 0 where it is not given" });
export const ErrorShape = t.Object({ error: t.Object({ code: t.String(), message: t.String() }) });
export const AnyReply = t.Any({ description: "The reply as JSON" });
export const Pair = t.Array(Argument, { minItems: 2, maxItems: 2, description: "Field and value" });
