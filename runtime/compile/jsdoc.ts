import { FUNCTION_FLAGS, type FunctionFlag } from "../schema.ts";

export interface DocComment {
  readonly description: string;
  readonly flags: readonly FunctionFlag[];
}

/**
 * The documentation comment that ends `gap`, the text between two top-level items.
 *
 *     /**
 *      * Counts what is in stock.
 *      * @readonly the word that TypeScript has for no-writes
 *      * @param id ignored, as every other tag
 *      *\/
 */
export function parseDocComment(gap: string): DocComment {
  const start = gap.lastIndexOf("/**");
  const end = gap.indexOf("*/", start + 3);
  if (start < 0 || end < 0) return { description: "", flags: [] };
  const lines = gap
    .slice(start + 3, end)
    .split("\n")
    .map((line) => line.replace(/^\s*\*? ?/, "").trimEnd());
  const firstTag = lines.findIndex((line) => line.trimStart().startsWith("@"));
  const description = lines
    .slice(0, firstTag < 0 ? lines.length : firstTag)
    .join("\n")
    .trim();
  const tags = new Set(lines.flatMap((line) => /^\s*@([a-zA-Z-]+)/.exec(line)?.[1] ?? []));
  if (tags.has("readonly")) tags.add("no-writes");
  return { description, flags: FUNCTION_FLAGS.filter((flag) => tags.has(flag)) };
}
