/** Places under load: a million of them, spread evenly over a quarter of the earth, and areas that hold one in a hundred. */

import type { LoadRow } from "./load-rows.ts";
import type { Load } from "./loadgen.ts";
import { fill, typeRow } from "./type-row.ts";

const KEYS = 1_000_000;
const ADD = "GEOADD places __rnd:0-169__.__rnd:0-999999__ __rnd:0-79__.__rnd:0-999999__ mem:__key__";
const PLACES = fill(ADD, KEYS);

/** A tenth of 170° by a tenth of 80° around 40° north: 17° are 1,448 km there, 8° are 890 km. */
const BOX = "GEOSEARCH places FROMLONLAT 85 40 BYBOX 1448 890 km";
/** The circle of the same area: √(1448 × 890 / π). */
const CIRCLE = "GEOSEARCH places FROMLONLAT 85 40 BYRADIUS 640 km";

/** Redis 7.0 needs 40 ms for each: a number of them, not of seconds. */
const AREAS = { connections: 1, requests: 64 };

export const GEO_ROWS = [
  row("geoadd", "GEOADD of a new place, 1 M members", ADD, "integer", 1.3),
  row("geosearch", "GEOSEARCH BYRADIUS, 1 % of 1 M", CIRCLE, "array", 3, AREAS),
  row("geosearch-box", "GEOSEARCH BYBOX, 1 % of 1 M", BOX, "array", 3, AREAS),
  row("geosearch-near", "GEOSEARCH ASC COUNT 10 of 1 % of 1 M", `${CIRCLE} ASC COUNT 10`, "array", 3, AREAS),
  row("geodist", "GEODIST, 1 M members", "GEODIST places mem:__key__ mem:__key__", "bulk", 1.3),
];

function row(
  name: string,
  title: string,
  template: string,
  expect: string,
  atLeast: number,
  extras: Partial<Load> = {},
): LoadRow {
  return typeRow(name, title, { template, expect, keys: KEYS, ...extras }, atLeast, { fills: [PLACES] });
}
