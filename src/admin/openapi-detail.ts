/** What the OpenAPI document says of a route beside the schemas that check its requests. */
import type { TSchema } from "elysia";

export interface Described {
  readonly tags: string[];
  readonly summary: string;
  /** The body of the response to a request that succeeds. Not checked at run time: it would cost more than the command. */
  readonly answer: TSchema;
  readonly mediaType: string;
}

export function described(tags: string[], summary: string, answer: TSchema, mediaType = "application/json"): Described {
  return { tags, summary, answer, mediaType };
}
