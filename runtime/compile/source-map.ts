import type { Position } from "./source-text.ts";

/**
 * Positions of a source map, version 3: `AAAA,YAAY;AACZ` is a list of lines (`;`) of segments (`,`) of base 64
 * variable-length quantities: generated column, source, source line, source column[, name], each relative to the last.
 */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** [generated column, source line, source column] of each segment, from 0, per generated line. */
export type Segments = readonly (readonly (readonly [number, number, number])[])[];

/** Cost: one pass; only errors need it, so decode it when the first one is thrown. */
export function decodeMappings(mappings: string): Segments {
  let sourceLine = 0;
  let sourceColumn = 0;
  return mappings.split(";").map((line) => {
    let column = 0;
    const segments: [number, number, number][] = [];
    for (const segment of line.split(",")) {
      const fields = decodeSegment(segment);
      column += fields[0] ?? 0;
      sourceLine += fields[2] ?? 0;
      sourceColumn += fields[3] ?? 0;
      if (fields.length >= 4) segments.push([column, sourceLine, sourceColumn]);
    }
    return segments;
  });
}

/** Where `position` of the generated text comes from; undefined where the map is silent about the line. */
export function originalPosition(segments: Segments, position: Position): Position | undefined {
  const line = segments[position.line - 1];
  if (line === undefined || line.length === 0) return undefined;
  let best = line[0];
  for (const segment of line) {
    if (segment[0] > position.column - 1) break;
    best = segment;
  }
  return best === undefined ? undefined : { line: best[1] + 1, column: best[2] + 1 };
}

function decodeSegment(segment: string): number[] {
  const fields: number[] = [];
  let value = 0;
  let shift = 0;
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    value += (bits & 31) * 2 ** shift;
    shift += 5;
    if (bits & 32) continue;
    fields.push(value % 2 === 1 ? -(value - 1) / 2 : value / 2);
    value = 0;
    shift = 0;
  }
  return fields;
}
