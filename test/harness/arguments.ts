/**
 * The words of a command written as one line: `SET k "a b\r\n"`. Double quotes know \n \r \t \b \a \\ \" and \xHH, single
 * quotes only \' — as redis-cli reads a line. Throws on an open quote: a test with a typo must not pass.
 */
export function words(line: string): (string | Uint8Array)[] {
  const found: (string | Uint8Array)[] = [];
  let at = 0;
  while (at < line.length) {
    if (line[at] === " ") {
      at++;
      continue;
    }
    let word = "";
    let binary = false;
    while (at < line.length && line[at] !== " ") {
      const quote = line[at];
      if (quote !== '"' && quote !== "'") {
        word += line[at++];
        continue;
      }
      at++;
      for (; line[at] !== quote; at++) {
        if (at >= line.length) throw new Error(`open quote in test command: ${line}`);
        if (line[at] !== "\\") {
          word += line[at];
          continue;
        }
        const escaped = line[++at] ?? "";
        if (quote === "'" && escaped !== "'") word += `\\${escaped}`;
        else if (escaped === "x") {
          word += String.fromCharCode(Number.parseInt(line.slice(at + 1, at + 3), 16));
          binary = true;
          at += 2;
        } else word += ESCAPES[escaped] ?? escaped;
      }
      at++;
    }
    found.push(binary ? Buffer.from(word, "latin1") : word);
  }
  return found;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };
