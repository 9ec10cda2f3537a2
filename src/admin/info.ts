/** Texts that servers of Redis's kind answer with, as data. */

/** INFO: {"server": {"redis_version": "7.2.5", …}, …}, names of sections in lower case. */
export function infoSections(info: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = {};
  let section: Record<string, string> = {};
  for (const line of fromUtf8(info).split("\r\n")) {
    if (line.startsWith("# ")) {
      section = {};
      sections[line.slice(2).toLowerCase()] = section;
      continue;
    }
    const colon = line.indexOf(":");
    if (colon > 0) section[line.slice(0, colon)] = line.slice(colon + 1);
  }
  return sections;
}

/** Lines of `name=value` with spaces between: CLIENT LIST. */
export function linesOfFields(text: string): Record<string, string>[] {
  return fromUtf8(text)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => fieldsOf(line, " "));
}

/** `calls=1,usec=23` */
export function fieldsOf(text: string, between: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at <= text.length; ) {
    const next = text.indexOf(between, at);
    const end = next < 0 ? text.length : next;
    const equals = text.indexOf("=", at);
    if (equals < 0 || equals >= end) fields[text.slice(at, end)] = "";
    else fields[text.slice(at, equals)] = text.slice(equals + 1, end);
    at = end + between.length;
  }
  return fields;
}

function fromUtf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString();
}
