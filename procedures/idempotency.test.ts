import { between, boolean, errorLike, map } from "../test/harness/expected.ts";
import { check, suite } from "../test/harness/suite.ts";
import { until } from "../test/harness/wait.ts";
import { fcall, loadOf } from "./_library.ts";

const requests = suite();
const before = [loadOf("idempotency")];
const started = map("state", "started");

requests.rows(
  "a request is started once, and its repetitions wait and then get its reply",
  [
    [fcall("idempotencyBegin", ["pay:1"], "f", 60_000), started],
    [fcall("idempotencyBegin", ["pay:1"], "f", 60_000), map("state", "running", "retryAfterMs", between(1, 60_000))],
    [fcall("idempotencyFinish", ["pay:1"], "f", '{"paid":true}', 90_000), boolean(true)],
    [fcall("idempotencyBegin", ["pay:1"], "f", 60_000), map("state", "done", "reply", '{"paid":true}')],
    ["PTTL pay:1", between(60_001, 90_000)],
    [fcall("idempotencyFinish", ["pay:1"], "f", "another", 60_000), boolean(false)],
    [fcall("idempotencyAbandon", ["pay:1"], "f"), boolean(false)],
  ],
  { before },
);

requests.rows(
  "the same key for another request is an error",
  [
    [fcall("idempotencyBegin", ["pay:1"], "f", 60_000), started],
    [fcall("idempotencyBegin", ["pay:1"], "g", 60_000), errorLike(/IDEMPOTENCY_MISMATCH pay:1/)],
    [fcall("idempotencyAbandon", ["pay:1"], "g"), boolean(false)],
  ],
  { before },
);

requests.rows(
  "abandoned work may be begun again at once",
  [
    [fcall("idempotencyBegin", ["pay:1"], "f", 60_000), started],
    [fcall("idempotencyAbandon", ["pay:1"], "f"), boolean(true)],
    [fcall("idempotencyBegin", ["pay:1"], "f", 60_000), started],
  ],
  { before },
);

requests.both(
  "work that was never finished may be begun again after its time, and is told so when it finishes late",
  async (wire) => {
    await check(wire, [[fcall("idempotencyBegin", ["pay:1"], "f", 30), started]]);
    await until("the key to lapse", async () => {
      const reply = await wire.call("EXISTS pay:1");
      return reply.kind === "integer" && Number(reply.value) === 0;
    });
    await check(wire, [
      [fcall("idempotencyFinish", ["pay:1"], "f", "late", 60_000), boolean(false)],
      [fcall("idempotencyBegin", ["pay:1"], "f", 60_000), started],
    ]);
  },
  { before },
);
