/** Pages as tests see them: files to write, commands to run, what they print. */

export type Step =
  | { readonly kind: "file"; readonly name: string; readonly text: string }
  | { readonly kind: "command"; readonly command: string; readonly output: string };

/** The steps of a page, in order: blocks ` ```LANGUAGE file=NAME ` and ` ```console `. */
export function stepsOf(page: string): Step[] {
  const steps: Step[] = [];
  for (const [, head = "", body = ""] of page.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)) {
    const name = /\bfile=(\S+)/.exec(head)?.[1];
    if (name !== undefined) steps.push({ kind: "file", name, text: body });
    if (head.trim() !== "console") continue;
    for (const part of body.split(/^\$ /m).slice(1)) {
      const end = part.indexOf("\n");
      steps.push({ kind: "command", command: part.slice(0, end), output: part.slice(end + 1) });
    }
  }
  return steps;
}

/** Is this what was shown? `…` stands for anything; alone on a line, for any number of lines. */
export function isAsShown(shown: string, printed: string): boolean {
  const pattern = shown
    .trimEnd()
    .split("\n")
    .map((line) => (line === "…" ? "[^]*" : line.split("…").map(escaped).join(".*")))
    .join("\n");
  return new RegExp(`^${pattern}$`).test(printed.replace(/[ \t]+$/gm, "").trimEnd());
}

const escaped = (text: string): string => text.trimEnd().replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
