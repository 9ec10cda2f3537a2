/** What the tests of expiring fields share: both encodings, times, and errors. */
import { err, ok } from "../harness/expected.ts";
import type { Row, Suite } from "../harness/suite.ts";

export const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
export const badInteger = err("ERR value is not an integer or out of range");
export const arity = (name: string) => err(`ERR wrong number of arguments for '${name}' command`);
export const unknown = (argument: string) => err(`ERR unknown argument: ${argument}`);

/** 2100, in seconds and milliseconds. */
export const far_s = 4_102_444_800;
export const far_ms = far_s * 1000;
/** The latest time that a field can expire at. */
export const limit_ms = 2 ** 46 - 1;
/** Until later than anything that has 1 ms to live. */
export const later: Row = ["DEBUG SLEEP 0.01", ok];
/** From here on fields go when they are met, and not by themselves. */
export const lazily: readonly Row[] = [["DEBUG SET-ACTIVE-EXPIRE 0", ok]];

/** The same behaviour with hashes that start as listpacks and with hashes that are hash tables from the first field. */
export const eachEncodingOf =
  (hashes: Suite) =>
  (name: string, rows: readonly Row[], { since = "7.4.0" }: { since?: string } = {}): void => {
    hashes.rows(`${name}, as listpack`, rows, { since, after: ["DEBUG SET-ACTIVE-EXPIRE 1"] });
    hashes.rows(`${name}, as hashtable`, rows, {
      since,
      before: ["CONFIG SET hash-max-listpack-entries 0"],
      after: ["CONFIG SET hash-max-listpack-entries 512", "DEBUG SET-ACTIVE-EXPIRE 1"],
    });
  };
