import { expect, test } from "bun:test";
import { showReply } from "./show-reply.ts";

test("replies are shown as redis-cli shows them", () => {
  expect(showReply("OK")).toBe("OK");
  expect(showReply("text")).toBe('"text"');
  expect(showReply(7)).toBe("(integer) 7");
  expect(showReply(1.5)).toBe("(double) 1.5");
  expect(showReply(null)).toBe("(nil)");
  expect(showReply([])).toBe("(empty array)");
  expect(showReply({ base64: "/wA=" })).toBe('"\\xff\\x00"');
  expect(showReply(["a", ["b", 1], null])).toBe('1) "a"\n2) 1) "b"\n   2) (integer) 1\n3) (nil)');
  expect(showReply({ a: 1, b: ["x"] })).toBe('1# "a" => (integer) 1\n2# "b" => 1) "x"');
});
