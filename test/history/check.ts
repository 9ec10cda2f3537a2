/**
 * Whether a history is strictly serialisable: an order of all its transactions exists that explains every read and puts nobody
 * before one that was over when it began.
 *
 * The order exists where the graph has no circle. A circle is named by its edges, the weakest level of isolation that it breaks:
 *
 *   G0        ww only                 G-single  exactly one rw (a read of two states, a lost update)
 *   G1c       ww and wr               G2        several rw (write skew)
 *
 * with `-process` where it takes the order of one connection to close it, `-realtime` where it takes the clock.
 */
import { dependencies, EVERY, Graph, PROCESS, REALTIME, RW, type Step, WR, WW } from "./graph.ts";
import type { Transaction } from "./history.ts";
import { type Anomaly, inferVersions, list, name, type Versions } from "./versions.ts";

/** Circles printed; a server without isolation has thousands. */
const CIRCLES_MAX = 5;
/** Searches for the shortest circle within one component; more could only find a shorter one. */
const SEARCHES_MAX = 2000;

/** Empty where the history is strictly serialisable. */
export function checkHistory(history: readonly Transaction[]): Anomaly[] {
  const versions = inferVersions(history);
  const graph = new Graph(history.length, dependencies(history, versions));
  const circles: Anomaly[] = [];
  for (const component of graph.components(everyNode(graph), EVERY)) {
    if (circles.length === CIRCLES_MAX) break;
    const circle = weakestCircle(graph, component);
    circles.push({ name: nameOf(circle), explanation: explain(circle, history, versions) });
  }
  return [...circles, ...versions.anomalies];
}

export function showAnomalies(anomalies: readonly Anomaly[], shown_max = 10): string {
  const lines = anomalies.slice(0, shown_max).map(({ name, explanation }) => `${name}: ${explanation}`);
  if (anomalies.length > shown_max) lines.push(`… and ${anomalies.length - shown_max} more`);
  return lines.join("\n");
}

function* everyNode(graph: Graph): Generator<number> {
  for (let node = 0; node < graph.size; node++) yield node;
}

/** The shortest circle of the weakest class that the component has one of. */
function weakestCircle(graph: Graph, component: readonly number[]): Step[] {
  for (const more of [0, PROCESS, PROCESS | REALTIME]) {
    const circle =
      shortestCircle(graph, component, WW | more) ??
      shortestCircle(graph, component, WW | WR | more) ??
      circleWithOneRw(graph, component, WW | WR | more) ??
      shortestCircle(graph, component, WW | WR | RW | more);
    if (circle !== null) return circle;
  }
  throw new Error("a strongly connected component without a circle");
}

function shortestCircle(graph: Graph, component: readonly number[], mask: number): Step[] | null {
  let best: Step[] | null = null;
  let searches = 0;
  for (const inner of graph.components(component, mask)) {
    const isIn = marked(graph, inner);
    for (const node of inner) {
      if (best?.length === 2 || searches++ === SEARCHES_MAX) return best;
      const circle = graph.shortestPath(node, node, mask, isIn);
      if (circle !== null && (best === null || circle.length < best.length)) best = circle;
    }
  }
  return best;
}

function circleWithOneRw(graph: Graph, component: readonly number[], mask: number): Step[] | null {
  let best: Step[] | null = null;
  let searches = 0;
  for (const inner of graph.components(component, mask | RW)) {
    const isIn = marked(graph, inner);
    for (const from of inner) {
      for (let edge = graph.start(from); edge < graph.start(from + 1); edge++) {
        const to = graph.target(edge);
        if (!graph.has(edge, RW) || isIn[to] === 0) continue;
        if (best?.length === 2 || searches++ === SEARCHES_MAX) return best;
        const back = graph.shortestPath(to, from, mask, isIn);
        if (back !== null && (best === null || back.length + 1 < best.length)) best = [{ from, to, kind: RW }, ...back];
      }
    }
  }
  return best;
}

function marked(graph: Graph, nodes: readonly number[]): Uint8Array {
  const marks = new Uint8Array(graph.size);
  for (const node of nodes) marks[node] = 1;
  return marks;
}

function nameOf(circle: readonly Step[]): string {
  const count = (mask: number) => circle.filter(({ kind }) => (kind & mask) !== 0).length;
  const base = count(RW) > 1 ? "G2" : count(RW) === 1 ? "G-single" : count(WR) > 0 ? "G1c" : "G0";
  return base + (count(REALTIME) > 0 ? "-realtime" : count(PROCESS) > 0 ? "-process" : "");
}

/** The circle's transactions, and for each edge what forces it. */
function explain(circle: readonly Step[], history: readonly Transaction[], versions: Versions): string {
  const lines = circle.map(({ from }) => `  ${describe(history[from] as Transaction)}`);
  for (const { from, to, kind } of circle) {
    const earlier = history[from] as Transaction;
    const later = history[to] as Transaction;
    lines.push(`  T${from} before T${to}: ${reason(earlier, later, kind, versions)}`);
  }
  return `a circle of ${circle.length} transactions\n${lines.join("\n")}`;
}

function describe(transaction: Transaction): string {
  const micros = transaction.micros.map((micro) =>
    micro.kind === "append"
      ? `append ${micro.key} ${micro.value}`
      : `read ${micro.key} ${micro.values === undefined ? "?" : list(micro.values)}`,
  );
  const { invoked, completed } = transaction;
  const outcome = transaction.outcome === "ok" ? "" : ` ${transaction.outcome}`;
  return `${name(transaction)}${outcome} ${clock(invoked)}…${clock(completed)} ms: ${micros.join(", ")}`;
}

function clock(at: number): string {
  return at === Number.POSITIVE_INFINITY ? "?" : (at / 1e6).toFixed(3);
}

function reason(earlier: Transaction, later: Transaction, kind: number, { orders, writers }: Versions): string {
  if (kind === PROCESS) return `client ${earlier.session} asked for them in this order`;
  if (kind === REALTIME)
    return `it was over at ${clock(earlier.completed)} ms, the other began at ${clock(later.invoked)} ms`;
  const isBy = (value: number | undefined, transaction: Transaction) =>
    writers.get(value ?? Number.NaN)?.transaction === transaction;
  const [reader, writer] = kind === WR ? [later, earlier] : [earlier, later];
  for (const micro of reader.micros) {
    const order = orders.get(micro.key) ?? [];
    if (kind === WW && micro.kind === "append") {
      const place = order.indexOf(micro.value);
      const next = place < 0 ? undefined : order[place + 1];
      if (isBy(next, writer)) return `it appended ${micro.value} to ${micro.key}, the other ${next} behind it`;
    }
    if (micro.kind !== "read" || micro.values === undefined) continue;
    const last = micro.values.at(-1);
    if (kind === WR && isBy(last, writer)) return `it appended ${last} to ${micro.key}, which the other read`;
    const next = order[micro.values.length];
    if (kind === RW && isBy(next, writer))
      return `it read ${micro.key} as ${list(micro.values)}, before the other appended ${next}`;
  }
  return `the other appended what it did not see`;
}
