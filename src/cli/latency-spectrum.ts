/** `--latency-dist`: how long PINGs take, a line a second: a character for each span of time, the denser the more of them took so long. */
import type { Session } from "./session.ts";

const PING_EVERY_MS = 10;
const LINE_MS = 1_000;

/** Upper ends of the spans in milliseconds: 10 µs to a minute. */
export const SPANS: readonly number[] = [
  ...[0.01, 0.125, 0.25, 0.5],
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  ...[20, 30, 40, 50, 60, 70, 80, 90, 100],
  ...[200, 300, 400, 500, 600, 700, 800, 900, 1000],
  ...[2000, 5000, 10_000, 60_000, Infinity],
];
/** From none to all; each with a colour of a terminal with 256 of them. */
const SHADES = " .-:=+*%#@";
const COLOURS = [0, 233, 235, 237, 22, 28, 34, 142, 166, 196];
const LINES_PER_LEGEND = 20;

export async function watchSpectrum(session: Session): Promise<void> {
  const { terminal, options } = session;
  const span = options.intervalMs > 0 ? options.intervalMs : LINE_MS;
  for (let line = 0; ; line++) {
    const counts = SPANS.map(() => 0);
    const began = performance.now();
    do {
      const sent = performance.now();
      await session.call("PING");
      const at = spanOf(performance.now() - sent);
      counts[at] = (counts[at] ?? 0) + 1;
      await Bun.sleep(PING_EVERY_MS);
    } while (performance.now() - began < span);
    if (line % LINES_PER_LEGEND === 0) terminal.out(legend());
    terminal.out(`${spectrum(counts, terminal.outputIsTty && !process.env.NO_COLOR)}\n`);
    // Into a file: one line, as --latency.
    if (!terminal.outputIsTty) return;
  }
}

/** Which of the spans a time is in. */
export function spanOf(ms: number): number {
  return SPANS.findIndex((end) => ms <= end);
}

/** `|    @%.   |` */
export function spectrum(counts: readonly number[], isColoured: boolean): string {
  const total = Math.max(
    counts.reduce((sum, count) => sum + count, 0),
    1,
  );
  const shown = counts.map((count) => {
    // What there is at all is seen.
    const shade = Math.ceil((count / total) * (SHADES.length - 1));
    const text = SHADES.charAt(shade);
    return isColoured ? `\x1b[48;5;${COLOURS[shade]}m${text}` : text;
  });
  return `|${shown.join("")}${isColoured ? "\x1b[0m" : ""}|`;
}

function legend(): string {
  const names = [
    [0.5, ".5"],
    [5, "5"],
    [10, "10"],
    [50, "50"],
    [100, "100"],
    [500, "500"],
    [1000, "1s"],
    [10_000, "10s"],
  ] as const;
  let line = "";
  for (const [end, name] of names) line = `${line.padEnd(SPANS.indexOf(end) + 1)}${name}`;
  const shades = [...SHADES]
    .slice(1)
    .map((shade, at) => `${shade} ${Math.round(((at + 1) / (SHADES.length - 1)) * 100)}`);
  return `milliseconds up to; of the PINGs at most so many percent: ${shades.join("  ")}\n ${line}\n`;
}
