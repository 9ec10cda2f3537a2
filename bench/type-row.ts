/** A row of a data type: one command (or a few in turn) at pipeline 16, its rate against the reference's. */

import type { LoadRow } from "./load-rows.ts";
import type { Load } from "./loadgen.ts";

/** Depth of every type's row. */
export const PIPELINE = 16;

type Extras = Pick<Partial<LoadRow>, "setup" | "fills" | "before" | "refill">;

/** `atLeast` null: shown for information. */
export function typeRow(name: string, title: string, load: Load, atLeast: number | null, extras: Extras = {}): LoadRow {
  return {
    name,
    title: `${title}, pipeline ${load.pipeline ?? PIPELINE}`,
    load: { pipeline: PIPELINE, ...load },
    preload: null,
    usesFunctions: false,
    target: atLeast === null ? null : { metric: "rps", atLeast },
    ...extras,
  };
}

/** A load that fills: each of `keys` keys once, in order. */
export function fill(template: string, keys: number): Load {
  return { template, keys, sequential: true, requests: keys, pipeline: 50, connections: 20 };
}

/** `command key element…` for all elements, 500 a command. */
export function inChunks(command: string, key: string, elements: readonly string[]): string[][] {
  const commands: string[][] = [];
  for (let at = 0; at < elements.length; at += 500) commands.push([command, key, ...elements.slice(at, at + 500)]);
  return commands;
}
