/** Streams under load: adding, reading, and a consumer of a group that acknowledges what it got. */

import { typeRow } from "./type-row.ts";

/** One stream per connection of the loads: 50. */
const GROUPS = Array.from({ length: 50 }, (_, index) => `grp:${String(index).padStart(3, "0")}`);

/** About 20,000 entries in each of the 50, with ids that count. */
const ENTRIES = { template: "XADD grp:__conn__ 1-__seq__ field __val__", requests: 1_000_000, pipeline: 50 };
const LOG = { template: "XADD log * field __val__", requests: 100_000, pipeline: 50 };

export const STREAM_ROWS = [
  typeRow("xadd", "XADD to one stream", { template: "XADD events * field __val__", expect: "bulk" }, 1.3, {
    before: [["UNLINK", "events"]],
  }),
  typeRow(
    "xadd-maxlen",
    "XADD MAXLEN ~ 10,000",
    { template: "XADD capped MAXLEN ~ 10000 * field __val__", expect: "bulk" },
    1.3,
  ),
  typeRow(
    "xreadgroup-xack",
    "XREADGROUP COUNT 1 and XACK in turn, 50 streams",
    {
      template: ["XREADGROUP GROUP g c COUNT 1 STREAMS grp:__conn__ >", "XACK grp:__conn__ g 1-__seq__"],
      expect: "array,integer",
      // Half a million of each: no stream comes to its end, which would be a null.
      requests: 1_000_000,
    },
    1.3,
    {
      fills: [ENTRIES],
      before: GROUPS.flatMap((key) => [
        ["XGROUP", "DESTROY", key, "g"],
        ["XGROUP", "CREATE", key, "g", "0"],
      ]),
    },
  ),
  typeRow(
    "xreadgroup-10",
    "XADD ten times, XREADGROUP COUNT 10, 50 streams",
    {
      template: [
        ...Array.from({ length: 10 }, () => "XADD job:__conn__ MAXLEN ~ 1000 * field __val__"),
        "XREADGROUP GROUP g c COUNT 10 NOACK STREAMS job:__conn__ >",
      ],
      pipeline: 22,
      expect: "array,bulk",
    },
    1.3,
    {
      before: GROUPS.flatMap((key) => {
        const job = key.replace("grp", "job");
        return [
          ["UNLINK", job],
          ["XGROUP", "CREATE", job, "g", "0", "MKSTREAM"],
        ];
      }),
    },
  ),
  typeRow("xrange-100", "XRANGE COUNT 100", { template: "XRANGE log - + COUNT 100", expect: "array" }, 1.3, {
    fills: [LOG],
  }),
];
