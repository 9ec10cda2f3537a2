/** `bun src/config/reference.ts`: writes docs/configuration.md, every directive as the table of options has it. */
import { join } from "node:path";
import type { Option } from "./option.ts";
import { OPTIONS } from "./options.ts";

export const REFERENCE = join(import.meta.dir, "..", "..", "docs", "configuration.md");

const HEAD = `# Configuration

Every directive of Zedis, and of Redis 7.2 and Valkey 9, as redis.conf and the command line (\`--name value\`) take them. Made from the table of options;
\`CONFIG GET\` and \`CONFIG SET\` know them too, but for those that say *at start*.
`;

const COLUMNS = "| directive | values | default | |\n|---|---|---|---|\n";

/** What a directive takes. */
function values(option: Option): string {
  switch (option.type) {
    case "bool":
      return "yes, no";
    case "int":
      return `${option.min} to ${option.max}`;
    case "octal":
      return "octal";
    case "memory":
      return option.percent === true ? "bytes (`64mb`), or percent" : "bytes (`64mb`)";
    case "enum":
      return option.values.join(", ");
    case "flags":
      return `any of ${option.values.join(", ")}`;
    default:
      return "text";
  }
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function row(option: Option): string {
  const notes = [
    (option.help ?? "").replace(/\.$/, ""),
    option.fixed === undefined ? "" : "at start",
    option.alias === undefined ? "" : `also \`${option.alias}\``,
    option.inert === undefined ? "" : `no effect: ${option.inert.why}`,
  ].filter((note) => note !== "");
  const standard = option.default === "" ? "" : `\`${option.default}\``;
  return `| \`${option.name}\` | ${cell(values(option))} | ${cell(standard)} | ${cell(notes.join("; "))} |\n`;
}

/** The page. */
export function reference(): string {
  const shown = OPTIONS.filter((option) => option.hidden !== true);
  const table = (options: readonly Option[]): string => COLUMNS + options.map(row).sort().join("");
  const own = shown.filter((option) => option.help !== undefined);
  const others = shown.filter((option) => option.help === undefined);
  return `${HEAD}\n## Of Zedis alone\n${table(own)}\n## As in Redis and Valkey\n${table(others)}`;
}

if (import.meta.main) await Bun.write(REFERENCE, reference());
