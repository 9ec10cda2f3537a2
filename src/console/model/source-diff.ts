/** What has changed between two sources, line by line. */
import { type DiffLine, difference } from "./write-set.ts";

/** Cells of the table that is made to compare the parts that differ; what is larger is shown as a whole, gone and come. */
const CELLS_MAX = 4_000_000;

export function sourceDiff(before: string, after: string): DiffLine[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  // Most of two versions is the same at both ends: a few lines of it stay, to be shown around the change.
  let [same, sameEnd] = [0, 0];
  while (same < old.length && same < now.length && old[same] === now[same]) same++;
  const most = Math.min(old.length, now.length) - same;
  while (sameEnd < most && old.at(-1 - sameEnd) === now.at(-1 - sameEnd)) sameEnd++;
  const [from, end] = [Math.max(same - AROUND, 0), Math.max(sameEnd - AROUND, 0)];
  const [oldPart, nowPart] = [old.slice(from, old.length - end), now.slice(from, now.length - end)];
  if (oldPart.length * nowPart.length > CELLS_MAX) {
    return [
      ...oldPart.map((text): DiffLine => ({ sign: "-", text })),
      ...nowPart.map((text): DiffLine => ({ sign: "+", text })),
    ];
  }
  return difference(oldPart, nowPart, AROUND);
}

const AROUND = 2;
