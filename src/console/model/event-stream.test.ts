import { describe, expect, test } from "bun:test";
import { eventReader, type StreamEvent } from "./event-stream.ts";

const STREAM =
  ': open\n\nevent: message\ndata: {"a":1}\n\ndata: one\ndata:two\r\n\r\nevent: x\n\nevent: end\ndata: 3\n\n';
const EVENTS: StreamEvent[] = [
  { event: "message", data: '{"a":1}' },
  { event: "message", data: "one\ntwo" },
  { event: "end", data: "3" },
];

describe("a stream of events", () => {
  test("gives the same events wherever it is cut", () => {
    for (let size = 1; size <= STREAM.length; size++) {
      const read = eventReader();
      const found: StreamEvent[] = [];
      for (let at = 0; at < STREAM.length; at += size) found.push(...read(STREAM.slice(at, at + size)));
      expect(found).toEqual(EVENTS);
    }
  });
});
