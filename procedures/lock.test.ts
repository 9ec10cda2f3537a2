import { expect } from "bun:test";
import { between, boolean, errorLike, map } from "../test/harness/expected.ts";
import { check, suite } from "../test/harness/suite.ts";
import { until } from "../test/harness/wait.ts";
import { fcall, loadOf } from "./_library.ts";

const locks = suite();
const before = [loadOf("lock")];

locks.rows(
  "a lock has one owner, who gets the same token when asking again",
  [
    [fcall("lockAcquire", ["l"], "ann", 60_000), 1],
    [fcall("lockAcquire", ["l"], "ben", 60_000), null],
    [fcall("lockAcquire", ["l"], "ann", 60_000), 1],
    [fcall("lockOwner", ["l"]), map("owner", "ann", "token", 1, "expiresInMs", between(1, 60_000))],
    [fcall("lockOwner", ["other"]), null],
  ],
  { before },
);

locks.rows(
  "only the owner with its token frees a lock, and the next owner's token is larger",
  [
    [fcall("lockAcquire", ["l"], "ann", 60_000), 1],
    [fcall("lockRelease", ["l"], "ben", 1), boolean(false)],
    [fcall("lockRelease", ["l"], "ann", 7), boolean(false)],
    [fcall("lockRelease", ["l"], "ann", 1), boolean(true)],
    [fcall("lockRelease", ["l"], "ann", 1), boolean(false)],
    [fcall("lockAcquire", ["l"], "ben", 60_000), 2],
    [fcall("lockExtend", ["l"], "ann", 1, 60_000), boolean(false)],
    [fcall("lockExtend", ["l"], "ben", 2, 90_000), boolean(true)],
    ["PTTL l", between(60_001, 90_000)],
  ],
  { before },
);

locks.both(
  "a lock that is not extended becomes free, and its late owner cannot free the next one's",
  async (wire) => {
    await check(wire, [[fcall("lockAcquire", ["l"], "slow", 30), 1]]);
    await until(
      "the lock",
      async () => (await wire.call(fcall("lockAcquire", ["l"], "next", 60_000))).kind === "integer",
    );
    await check(wire, [
      [fcall("lockRelease", ["l"], "slow", 1), boolean(false)],
      [fcall("lockOwner", ["l"]), map("owner", "next", "token", 2, "expiresInMs", between(1, 60_000))],
    ]);
  },
  { before },
);

locks.both(
  "of many that ask at once one gets the lock",
  async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => locks.server.connect()));
    const replies = await Promise.all(
      clients.map((client, nth) => client.call(fcall("lockAcquire", ["l"], `client-${nth}`, 60_000))),
    );
    expect(replies.filter((reply) => reply.kind === "integer").length).toBe(1);
    await Promise.all(clients.map((client) => client.close()));
  },
  { before },
);

locks.rows(
  "a time that makes no sense is an error and takes nothing",
  [
    [fcall("lockAcquire", ["l"], "ann", 0), errorLike(/ttlMs 0 is below 1/)],
    ["EXISTS l l:fence", 0],
  ],
  { before },
);
