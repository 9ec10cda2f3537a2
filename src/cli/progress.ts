/** A line on a terminal that shows how far long work is. */

/** Characters of the bar. */
const WIDTH = 30;
/** Work that ends sooner shows nothing. */
const QUIET_MS = 300;
const REDRAW_MS = 100;

export class Progress {
  readonly #start = performance.now();
  #drawnAt = -REDRAW_MS;
  #isDrawn = false;

  constructor(
    private readonly write: (bytes: string) => void,
    private readonly label: string,
  ) {}

  /** `total`: 0 where it is not known. `note`: what stands behind the bar. */
  update(done: number, total: number, note = ""): void {
    const now = performance.now();
    if (now - this.#start < QUIET_MS || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#isDrawn = true;
    this.write(
      `\r\x1b[K${this.label} ${barOf(done, total, (now - this.#start) / 1000)}${note === "" ? "" : ` ${note}`}`,
    );
  }

  /** Takes the line away. */
  end(): void {
    if (this.#isDrawn) this.write("\r\x1b[K");
    this.#isDrawn = false;
  }
}

/** `[=====>    ]  52 %`, or the seconds gone by where nobody knows how much there is. */
export function barOf(done: number, total: number, seconds: number): string {
  if (total <= 0) return `${seconds.toFixed(0)} s`;
  const share = Math.min(Math.max(done / total, 0), 1);
  const full = Math.floor(share * WIDTH);
  const bar = "=".repeat(full) + (full < WIDTH ? ">" : "");
  return `[${bar.padEnd(WIDTH)}] ${String(Math.floor(share * 100)).padStart(3)} %`;
}

/** `12.3 MiB`. */
export function sizeOf(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let size = bytes;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}
