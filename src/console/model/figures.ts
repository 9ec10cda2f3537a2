/** Numbers as people read them. */

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** 1536 → `1.5 KiB` */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${short(value)} ${BYTE_UNITS[unit]}`;
}

/** 12345 → `12.3 k` */
export function amount(count: number): string {
  for (const [size, unit] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e4, "k"],
  ] as const) {
    if (Math.abs(count) >= size) return `${short(count / (unit === "k" ? 1e3 : size))} ${unit}`;
  }
  return short(count);
}

/** Microseconds: `7.3 µs`, `1.2 ms`, `3.4 s` */
export function duration(us: number): string {
  if (us >= 1e6) return `${short(us / 1e6)} s`;
  return us >= 1e3 ? `${short(us / 1e3)} ms` : `${short(us)} µs`;
}

/** Seconds as its two largest units: `3 d 4 h`, `12 min 5 s`. */
export function span(seconds: number): string {
  const whole = Math.max(Math.floor(seconds), 0);
  const units: [number, string][] = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const at = units.findIndex(([size]) => whole >= size);
  if (at < 0) return "0 s";
  const [size, unit] = units[at] ?? [1, "s"];
  const [nextSize, nextUnit] = units[at + 1] ?? [0, ""];
  const rest = nextSize === 0 ? 0 : Math.floor((whole % size) / nextSize);
  return `${Math.floor(whole / size)} ${unit}${rest > 0 ? ` ${rest} ${nextUnit}` : ""}`;
}

/** When something was, in local time: `09:26:37`, and the day before it where it was not today: `2026-11-26 09:26:37`. */
export function moment(ms: number, now = Date.now()): string {
  const [at, today] = [new Date(ms), new Date(now)];
  const time = clock(ms);
  const isToday = at.toDateString() === today.toDateString();
  return isToday ? time : `${at.getFullYear()}-${twoDigits(at.getMonth() + 1)}-${twoDigits(at.getDate())} ${time}`;
}

/** A time of day: `09:26:37` */
export function clock(ms: number): string {
  const at = new Date(ms);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(":");
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** All digits, in groups. */
export function whole(count: number): string {
  return count.toLocaleString("en-US");
}

function short(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2);
}
