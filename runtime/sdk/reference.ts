import { isCallable, memberName, type TableRow } from "../host/commands.ts";
import { TYPED } from "./declarations.ts";

const HEAD = `# Reference of procedures

What \`Zedis\` has, inside a procedure. Made by \`bun runtime/sdk/generate.ts\` from the command table; \`runtime/sdk/zedis.d.ts\`
has the same with every type, for editors and compilers. [Procedures](procedures.md) says how to write one.

- **Arguments** are strings, numbers, bigints and \`Uint8Array\`; where several of one kind may come, an array of them as well, and an object where
  pairs may come: \`Zedis.del(["a", "b"])\`, \`Zedis.hset(key, { name: "tea", stock: 5 })\`. Options are words: \`Zedis.set(key, value, "NX", "EX", 60)\`.
- **Replies** are what the column says; text is decoded as UTF-8. Each command whose reply has text is there a second time under \`Zedis.bytes\`, with
  \`Uint8Array\` in its place: \`Zedis.bytes.get(key)\`.
- **Errors** are thrown: a \`ReplyError\` whose \`code\` is the first word (\`WRONGTYPE\`, \`ERR\`). What is not caught undoes the call.
- **Not there**, nor by \`Zedis.call\`: what belongs to a connection (SUBSCRIBE, SELECT, AUTH), to transactions and scripts (MULTI, EVAL), to the
  server's administration (CONFIG, SHUTDOWN), and what waits (BLPOP; XREAD and XREADGROUP are there, and wait for nothing: BLOCK is passed over).

`;

/** Headings of the groups of the table. */
const TITLES: Readonly<Record<string, string>> = {
  "sorted-set": "Sorted sets",
  "vector-set": "Vector sets",
  generic: "Keys of every type",
  geo: "Geo",
  hash: "Hashes",
  hyperloglog: "HyperLogLog",
  pubsub: "Pub/Sub",
  server: "Server",
};

const title = (group: string): string => TITLES[group] ?? `${group[0]?.toUpperCase() ?? ""}${group.slice(1)}s`;

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const code = (text: string): string => (text === "" ? "" : `\`${cell(text)}\``);

/** Members that no command has: each signature of the declarations with what is said above it. */
function typed(): string {
  const rows: string[] = [];
  let help = "";
  for (const line of TYPED.split("\n")) {
    const comment = /^\s*(?:\/\*\*|\*(?!\/))\s?(.*?)\s*(?:\*\/)?$/.exec(line);
    const member = /^\s*(?:readonly )?(\w+)(<[^(]*>)?(\(.*\))?: (.*);$/.exec(line);
    if (comment !== null) help = `${help} ${comment[1] ?? ""}`.trim();
    else if (member !== null) {
      const [, name = "", generic = "", typed = "", reply = ""] = member;
      const parameters = typed.replace(/\.\.\.options: .*\)$/, "...options)");
      rows.push(
        `| ${code(`Zedis.${name}${generic}${parameters}`)} | ${code(reply.replace(/^ReturnType.*/, '"OK" | string | null'))} | ${cell(help)} |\n`,
      );
      help = "";
    }
  }
  return `## Values with types\n\n| member | gives | |\n|---|---|---|\n${rows.join("")}\n`;
}

/** The page docs/procedures-reference.md for a command table. */
export function referenceOf(table: readonly TableRow[]): string {
  const rows = table.filter(isCallable).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const groups = [...new Set(rows.map((row) => title(row.group)))].sort();
  const part = (group: string): string => {
    const lines = rows
      .filter((row) => title(row.group) === group)
      .map(
        (row) =>
          `| ${code(`Zedis.${memberName(row)}`)} | ${code(row.args)} | ${code(row.reply)} | ${cell(row.summary)} ${cell(row.complexity)} |\n`,
      );
    return `## ${group}\n\n| member | arguments | gives | |\n|---|---|---|---|\n${lines.join("")}\n`;
  };
  return `${HEAD}${typed()}${groups.map(part).join("")}`.trimEnd().concat("\n");
}
