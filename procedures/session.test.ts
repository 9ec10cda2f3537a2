import { between, boolean, errorLike, map } from "../test/harness/expected.ts";
import { check, suite } from "../test/harness/suite.ts";
import { until } from "../test/harness/wait.ts";
import { fcall, loadOf } from "./_library.ts";

const sessions = suite();
const before = [loadOf("session")];

function session(user: string, data: string, idleMs: number) {
  return map("user", user, "data", data, "expiresInMs", between(1, idleMs));
}

sessions.rows(
  "a session is created once, touched, written and ended",
  [
    [fcall("sessionCreate", ["s:1"], "ann", "{}", 60_000, 600_000), session("ann", "{}", 60_000)],
    [fcall("sessionCreate", ["s:1"], "ben", "{}", 60_000, 600_000), errorLike(/SESSION_EXISTS s:1/)],
    [fcall("sessionWrite", ["s:1"], '{"cart":1}'), session("ann", '{"cart":1}', 60_000)],
    [fcall("sessionTouch", ["s:1"]), session("ann", '{"cart":1}', 60_000)],
    [fcall("sessionEnd", ["s:1"]), boolean(true)],
    [fcall("sessionEnd", ["s:1"]), boolean(false)],
    [fcall("sessionTouch", ["s:1"]), null],
    [fcall("sessionWrite", ["s:1"], "x"), null],
    ["EXISTS s:1 sessions-of:ann", 0],
  ],
  { before },
);

sessions.rows(
  "all sessions of a user end together, another user's stay",
  [
    [fcall("sessionCreate", ["s:1"], "ann", "a", 60_000, 600_000), session("ann", "a", 60_000)],
    [fcall("sessionCreate", ["s:2"], "ann", "b", 60_000, 600_000), session("ann", "b", 60_000)],
    [fcall("sessionCreate", ["s:3"], "ben", "c", 60_000, 600_000), session("ben", "c", 60_000)],
    [fcall("sessionEndAll", [], "ann"), 2],
    [fcall("sessionEndAll", [], "ann"), 0],
    ["EXISTS s:1 s:2", 0],
    [fcall("sessionTouch", ["s:3"]), session("ben", "c", 60_000)],
  ],
  { before },
);

sessions.both(
  "an idle session ends by itself, and the user's next one takes it off the list",
  async (wire) => {
    await check(wire, [[fcall("sessionCreate", ["s:1"], "ann", "a", 30, 600_000), session("ann", "a", 30)]]);
    await until("its end", async () => {
      const reply = await wire.call("EXISTS s:1");
      return reply.kind === "integer" && Number(reply.value) === 0;
    });
    await check(wire, [
      [fcall("sessionCreate", ["s:2"], "ann", "b", 60_000, 600_000), session("ann", "b", 60_000)],
      ["HKEYS sessions-of:ann", ["s:2"]],
    ]);
  },
  { before },
);

sessions.both(
  "touching does not carry a session beyond its absolute end",
  async (wire) => {
    await check(wire, [[fcall("sessionCreate", ["s:1"], "ann", "a", 60, 60), session("ann", "a", 60)]]);
    // Each touch would give a new idle time of 60 ms; the session must end all the same.
    await until("its end", async () => {
      const reply = await wire.call(fcall("sessionTouch", ["s:1"]));
      return reply.kind === "null" || reply.kind === "nilBulk";
    });
  },
  { before },
);
