/** What is in a reply of the shape that one expects. */
import type { Reply } from "../resp/resp.ts";

/** None where it is no aggregate. */
export function itemsOf(reply: Reply | undefined): readonly Reply[] {
  return reply !== undefined && "items" in reply ? reply.items : [];
}

/** Its bytes; "" where it is no text. */
export function textOf(reply: Reply | undefined): string {
  return reply !== undefined && "bytes" in reply ? reply.bytes : "";
}
