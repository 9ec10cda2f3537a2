/** Who came before whom: transactions as nodes, what forces their order as edges, and the circles among them. */
import type { Transaction } from "./history.ts";
import { isPrefix, type Versions } from "./versions.ts";

/** One bit each, so that a search names the edges that it may take. */
export const WW = 1;
export const WR = 2;
export const RW = 4;
export const PROCESS = 8;
export const REALTIME = 16;
export const EVERY = 31;

export interface Step {
  readonly from: number;
  readonly to: number;
  readonly kind: number;
}

/** Edges in rows by their start: `targets[starts[n] … starts[n + 1]]` are those of node n. */
export class Graph {
  readonly starts: Uint32Array;
  readonly targets: Uint32Array;
  readonly kinds: Uint8Array;

  constructor(
    readonly size: number,
    edges: readonly Step[],
  ) {
    this.starts = new Uint32Array(size + 1);
    for (const { from } of edges) this.starts[from + 1] = (this.starts[from + 1] ?? 0) + 1;
    for (let node = 0; node < size; node++) this.starts[node + 1] = this.start(node + 1) + this.start(node);
    this.targets = new Uint32Array(edges.length);
    this.kinds = new Uint8Array(edges.length);
    const next = this.starts.slice();
    for (const { from, to, kind } of edges) {
      const at = next[from] ?? 0;
      next[from] = at + 1;
      this.targets[at] = to;
      this.kinds[at] = kind;
    }
  }

  start(node: number): number {
    return this.starts[node] ?? 0;
  }

  target(edge: number): number {
    return this.targets[edge] ?? 0;
  }

  has(edge: number, mask: number): boolean {
    return ((this.kinds[edge] ?? 0) & mask) !== 0;
  }

  /**
   * The components of more than one node among `nodes` that are strongly connected by edges of `mask`. Tarjan 1972, with its
   * recursion on a stack of our own: histories are longer than a thread's stack is deep. Linear.
   */
  components(nodes: Iterable<number>, mask: number): number[][] {
    const isIn = new Uint8Array(this.size);
    const all = [...nodes];
    for (const node of all) isIn[node] = 1;
    const order = new Int32Array(this.size).fill(-1);
    const low = new Int32Array(this.size);
    const isOpen = new Uint8Array(this.size);
    const next = this.starts.slice();
    const open: number[] = [];
    const path: number[] = [];
    const components: number[][] = [];
    let count = 0;
    for (const root of all) {
      if (order[root] !== -1) continue;
      path.push(root);
      while (path.length > 0) {
        const node = path[path.length - 1] as number;
        if (order[node] === -1) {
          order[node] = low[node] = count++;
          open.push(node);
          isOpen[node] = 1;
        }
        let isDeeper = false;
        for (let edge = next[node] as number; edge < this.start(node + 1); edge++) {
          const target = this.target(edge);
          if (!this.has(edge, mask) || isIn[target] === 0) continue;
          if (order[target] === -1) {
            // Comes back to this same edge, which then only takes the target's low.
            next[node] = edge;
            path.push(target);
            isDeeper = true;
            break;
          }
          if (isOpen[target] === 1) low[node] = Math.min(low[node] as number, low[target] as number);
        }
        if (isDeeper) continue;
        path.pop();
        if (low[node] !== order[node]) continue;
        const component: number[] = [];
        for (let member = -1; member !== node; ) {
          member = open.pop() as number;
          isOpen[member] = 0;
          component.push(member);
        }
        if (component.length > 1) components.push(component);
      }
    }
    return components;
  }

  /** The shortest path by edges of `mask` through nodes marked in `isIn`, or null. Breadth first. */
  shortestPath(from: number, to: number, mask: number, isIn: Uint8Array): Step[] | null {
    const cameBy = new Map<number, Step>();
    let front = [from];
    while (front.length > 0) {
      const next: number[] = [];
      for (const node of front) {
        for (let edge = this.start(node); edge < this.start(node + 1); edge++) {
          const target = this.target(edge);
          if (!this.has(edge, mask) || isIn[target] === 0 || cameBy.has(target)) continue;
          cameBy.set(target, { from: node, to: target, kind: this.kinds[edge] ?? 0 });
          if (target === to) return pathTo(to, from, cameBy);
          next.push(target);
        }
      }
      front = next;
    }
    return null;
  }
}

function pathTo(to: number, from: number, cameBy: ReadonlyMap<number, Step>): Step[] {
  const path: Step[] = [];
  for (let node = to; path.length === 0 || node !== from; ) {
    const step = cameBy.get(node) as Step;
    path.unshift(step);
    node = step.from;
  }
  return path;
}

/** All edges among the transactions that happened. */
export function dependencies(history: readonly Transaction[], versions: Versions): Step[] {
  const { orders, unread, writers, happened } = versions;
  const edges: Step[] = [];
  const add = (from: Transaction | undefined, to: Transaction | undefined, kind: number): void => {
    if (from === undefined || to === undefined || from === to) return;
    if (happened[from.index] && happened[to.index]) edges.push({ from: from.index, to: to.index, kind });
  };
  const writerOf = (value: number | undefined) => writers.get(value ?? Number.NaN)?.transaction;
  for (const [key, values] of orders) {
    for (let index = 1; index < values.length; index++) add(writerOf(values[index - 1]), writerOf(values[index]), WW);
    for (const { transaction } of unread.get(key) ?? []) add(writerOf(values.at(-1)), transaction, WW);
  }
  for (const reader of history) {
    if (reader.outcome !== "ok") continue;
    for (const micro of reader.micros) {
      if (micro.kind !== "read" || micro.values === undefined) continue;
      const { key, values } = micro;
      const order = orders.get(key) ?? [];
      // Where the orders contradict one another, that is the finding.
      if (!isPrefix(values, order)) continue;
      const last = writerOf(values.at(-1));
      // What it read behind its own append follows from the order of the appends.
      if (last === reader) continue;
      add(last, reader, WR);
      if (values.length < order.length) add(reader, writerOf(order[values.length]), RW);
      else for (const { transaction } of unread.get(key) ?? []) add(reader, transaction, RW);
    }
  }
  for (const edge of sessionOrder(history, happened)) edges.push(edge);
  for (const edge of realtimeOrder(history, happened)) edges.push(edge);
  return edges;
}

/** The server serves one connection's requests in order, also those that were sent together. */
function* sessionOrder(history: readonly Transaction[], happened: readonly boolean[]): Generator<Step> {
  const lasts = new Map<number, number>();
  for (const { index, session } of history) {
    if (!happened[index]) continue;
    const last = lasts.get(session);
    if (last !== undefined) yield { from: last, to: index, kind: PROCESS };
    lasts.set(session, index);
  }
}

/**
 * Who was over before another began, without the edges that follow from others: a transaction stays in the frontier until one
 * that began after it is over too. So each begins with at most as many edges as transactions can be under way at once.
 */
export function* realtimeOrder(history: readonly Transaction[], happened: readonly boolean[]): Generator<Step> {
  const events: { at: number; isEnd: boolean; index: number }[] = [];
  for (const { index, invoked, completed } of history) {
    if (!happened[index]) continue;
    events.push({ at: invoked, isEnd: false, index });
    if (completed !== Number.POSITIVE_INFINITY) events.push({ at: completed, isEnd: true, index });
  }
  // At the same instant nobody was over before the other began.
  events.sort((left, right) => left.at - right.at || Number(left.isEnd) - Number(right.isEnd));
  const frontier = new Set<number>();
  const before = new Map<number, readonly number[]>();
  for (const { isEnd, index } of events) {
    if (isEnd) {
      for (const earlier of before.get(index) ?? []) frontier.delete(earlier);
      before.delete(index);
      frontier.add(index);
      continue;
    }
    before.set(index, [...frontier]);
    for (const from of frontier) yield { from, to: index, kind: REALTIME };
  }
}
