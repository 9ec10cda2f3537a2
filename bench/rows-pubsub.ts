/** PUBLISH to a thousand connections, every message counted by the one that gets it. */

import { typeRow } from "./type-row.ts";

const LISTENERS = { command: "SUBSCRIBE news", count: 1_000 };

export const PUBSUB_ROWS = [
  typeRow(
    "publish-1000",
    "PUBLISH to 1,000 subscribers",
    { template: "PUBLISH news __val__", connections: 1, listeners: LISTENERS, expect: "integer" },
    1.5,
  ),
  typeRow("publish-none", "PUBLISH to nobody", { template: "PUBLISH void __val__", expect: "integer" }, 1.3),
];
