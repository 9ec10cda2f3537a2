/** Lines of a diff; screen readers hear what the signs say. */
import type { DiffLine } from "../model/write-set.ts";

const SPOKEN = { "+": "Added: ", "-": "Removed: ", " ": "" } as const;

export function DiffLines({ lines }: { lines: readonly DiffLine[] }) {
  return lines.map(({ sign, text }, index) => (
    <li key={index} class={sign === "+" ? "plus" : sign === "-" ? "minus" : ""}>
      <span aria-hidden="true" class="sign">
        {sign}
      </span>
      <span class="visually-hidden">{SPOKEN[sign]}</span>
      <span class="wrap">{text}</span>
    </li>
  ));
}
