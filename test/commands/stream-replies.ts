/** Replies that tests of streams expect again and again. */
import { between, byProtocol, type Expected, err, like, map } from "../harness/expected.ts";
import type { Row } from "../harness/suite.ts";

export const badId = err("ERR Invalid stream ID specified as stream command argument");
export const badInteger = err("ERR value is not an integer or out of range");
export const syntax = err("ERR syntax error");
export const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
export const noGroup = (key: string, group: string) => err(`NOGROUP No such key '${key}' or consumer group '${group}'`);
export const noGroupRead = (key: string, group: string) =>
  err(`NOGROUP No such key '${key}' or consumer group '${group}' in XREADGROUP with GROUP option`);

export const entry = (id: string, ...pairs: string[]): Expected => [id, pairs.length > 0 ? pairs : ["f", "v"]];

/** Rows that add such entries. */
export const added = (...ids: string[]): Row[] => ids.map((id): Row => [`XADD s ${id} f v`, id]);

/** The reply of XREAD and XREADGROUP. */
export const served = (...pairs: [string, Expected][]): Expected =>
  byProtocol(
    pairs.map(([key, entries]): Expected => [key, entries]),
    map(...pairs.flat()),
  );

/** Some milliseconds ago, at most. */
export const now = between(0, 5000);

export const time = between(1e12, 1e14);
export const autoId = like(/^\d{13}-\d+$/);
