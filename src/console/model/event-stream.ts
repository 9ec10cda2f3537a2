/** Server-sent events from pieces of text: fetch can send a header with credentials, EventSource cannot. */

export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/** Longest event that is put together; the rest of a longer one is dropped. */
const EVENT_LENGTH_MAX = 4 << 20;

/** Takes pieces of the stream as they come; each call gives the events that are complete now. */
export function eventReader(): (piece: string) => StreamEvent[] {
  let rest = "";
  let event = "";
  let data: string[] = [];
  let length = 0;
  return (piece) => {
    const found: StreamEvent[] = [];
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) found.push({ event: event === "" ? "message" : event, data: data.join("\n") });
        event = "";
        data = [];
        length = 0;
        continue;
      }
      const colon = line.indexOf(":");
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (name === "event") event = value;
      length += value.length;
      if (name === "data" && length <= EVENT_LENGTH_MAX) data.push(value);
    }
    return found;
  };
}
