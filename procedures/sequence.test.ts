import { expect } from "bun:test";
import { errorLike, map, ok } from "../test/harness/expected.ts";
import { suite } from "../test/harness/suite.ts";
import { fcall, loadOf } from "./_library.ts";

const sequences = suite();
const before = [loadOf("sequence")];

sequences.rows(
  "blocks follow one another without a gap",
  [
    [fcall("sequenceCurrent", ["s"]), 0],
    [fcall("sequenceTake", ["s"]), map("first", 1, "last", 1)],
    [fcall("sequenceTake", ["s"], 100), map("first", 2, "last", 101)],
    [fcall("sequenceCurrent", ["s"]), 101],
    [fcall("sequenceTake", ["s"], 0), errorLike(/count 0 is no whole number above 0/)],
    [fcall("sequenceCurrent", ["s"]), 101],
  ],
  { before },
);

sequences.rows(
  "a sequence ends where doubles stop being exact, and the refused block is not taken",
  [
    [`SET s ${2 ** 53 - 3}`, ok],
    [fcall("sequenceTake", ["s"], 2), map("first", 2 ** 53 - 2, "last", 2 ** 53 - 1)],
    [fcall("sequenceTake", ["s"], 1), errorLike(/SEQUENCE_EXHAUSTED/)],
    ["GET s", String(2 ** 53 - 1)],
  ],
  { before },
);

sequences.both(
  "no number is given to two clients",
  async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => sequences.server.connect()));
    const replies = await Promise.all(
      clients.map((client) => client.pipeline(Array.from({ length: 50 }, () => fcall("sequenceTake", ["s"], 3)))),
    );
    const firsts = replies.flat().map((reply) => {
      const first = reply.kind === "array" ? reply.items[1] : undefined;
      return first?.kind === "integer" ? Number(first.value) : Number.NaN;
    });
    expect(firsts.sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, nth) => nth * 3 + 1));
    await Promise.all(clients.map((client) => client.close()));
  },
  { before },
);
