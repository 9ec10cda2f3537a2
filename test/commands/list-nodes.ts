/** The same behaviour over every kind of list: one node, many nodes, compressed nodes. */
import type { Row, Suite } from "../harness/suite.ts";

/** The command that sets what these tests change back. */
export const nodeDefaults = "CONFIG SET list-max-listpack-size -2 list-compress-depth 0";

export function eachEncodingOf(lists: Suite): (name: string, rows: readonly Row[]) => void {
  return (name, rows) => {
    lists.rows(`${name}, in one node`, rows);
    lists.rows(`${name}, in nodes of two`, rows, {
      before: ["CONFIG SET list-max-listpack-size 2"],
      after: [nodeDefaults],
    });
    lists.rows(`${name}, in compressed nodes of one`, rows, {
      before: ["CONFIG SET list-max-listpack-size 1 list-compress-depth 1"],
      after: [nodeDefaults],
    });
  };
}
