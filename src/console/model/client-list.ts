/** CLIENT LIST: `id=3 addr=127.0.0.1:5000 name=a b=…`, a client a line. */

export type Client = Readonly<Record<string, string>>;

export function parseClients(text: string): Client[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const fields: Record<string, string> = {};
      for (const word of line.trim().split(" ")) {
        const at = word.indexOf("=");
        if (at > 0) fields[word.slice(0, at)] = word.slice(at + 1);
      }
      return fields;
    });
}
