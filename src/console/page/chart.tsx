/** A chart of the last minutes. Screen readers get its present, least and largest value as text. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { clock } from "../model/figures.ts";
import { colour, themeTurn } from "./theme.ts";

export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  /** The values are bytes: steps of the axis are powers of two. */
  readonly isBinary?: boolean;
  /** The charts with one name have one cursor. */
  readonly group: string;
}

const HEIGHT = 132;
/** A chart that has just begun is as wide as one of this many seconds: it fills from the right. */
const SECONDS_MIN = 60;
/** Steps of an axis of bytes: powers of two. */
const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

export function Chart({ title, times, lines, format, group, isBinary = false }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = [times, ...lines.map(({ values }) => values)] as unknown as uPlot.AlignedData;
  const turn = themeTurn.value;
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const width = (): number => Math.max(element.clientWidth, 120);
    const made = new uPlot(options(width(), lines, format, group, isBinary), data, element);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: width(), height: HEIGHT }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [turn, lines.length]);
  useEffect(() => {
    plot.current?.setData(data);
  });
  const latest = lines.map(({ label, values }) => ({ label, now: values.at(-1) ?? null }));
  return (
    <figure class="chart panel">
      <figcaption>
        <h2>{title}</h2>
        <div class="chart-now">
          {latest.map(({ label, now }, index) => (
            <span key={label}>
              <i class={`swatch swatch-${index + 1}`} />
              {lines.length > 1 && <span class="soft">{label} </span>}
              <strong>{now === null ? "–" : format(now)}</strong>
            </span>
          ))}
        </div>
      </figcaption>
      <div ref={box} class="chart-plot" role="img" aria-label={describe(title, lines, format)} />
    </figure>
  );
}

function describe(title: string, lines: readonly Line[], format: (value: number) => string): string {
  const parts = lines.map(({ label, values }) => {
    const known = values.filter((value) => value !== null);
    if (known.length === 0) return `${label}: nothing yet`;
    const [low, high] = [Math.min(...known), Math.max(...known)];
    return `${label}: ${format(known.at(-1) ?? 0)} now, from ${format(low)} to ${format(high)}`;
  });
  return `Chart of ${title.toLowerCase()}. ${parts.join(". ")}`;
}

function options(
  width: number,
  lines: readonly Line[],
  format: (value: number) => string,
  group: string,
  isBinary: boolean,
): uPlot.Options {
  const axis = { stroke: colour("text-soft"), font: "11px system-ui, sans-serif" };
  const grid = { stroke: colour("chart-grid"), width: 1 };
  return {
    width,
    height: HEIGHT,
    // Half a clock time at the right, whose middle stands at the edge.
    padding: [8, 30, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: group }, y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { range: (plot) => span(plot.data[0]) },
      y: { range: (_plot, low, high) => bounds(low, high) },
    },
    axes: [
      { ...axis, grid: { show: false }, ticks: { show: false }, size: 24, space: 70, values: clockTimes },
      {
        ...axis,
        grid,
        ticks: { show: false },
        size: 60,
        space: 34,
        ...(isBinary ? { incrs: BINARY_STEPS } : {}),
        values: (_plot, splits) => splits.map(format),
      },
    ],
    series: [
      {},
      ...lines.map(({ label }, index) => ({
        label,
        stroke: colour(`chart-${index + 1}`),
        width: 1.5,
        points: { show: false },
        ...(index === 0 ? { fill: colour("chart-fill") } : {}),
      })),
    ],
  };
}

function clockTimes(_plot: uPlot, splits: number[]): string[] {
  return splits.map((at) => clock(at * 1000));
}

/** uPlot gives a single point a day. */
function span(times: ArrayLike<number> | undefined): [number, number] {
  const end = times?.[times.length - 1] ?? Date.now() / 1000;
  return [Math.min(times?.[0] ?? end, end - SECONDS_MIN), end];
}

/** From zero, with a little room above. */
function bounds(_low: number | null, high: number | null): [number, number] {
  return [0, high === null || high <= 0 ? 1 : high * 1.15];
}
