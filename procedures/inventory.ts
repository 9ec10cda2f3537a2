#!ts name=inventory
/**
 * Stock that can be held for an order until it is paid for. One hash per article:
 *
 *     sku:shirt   available = 7   hold:order-1 = "2 1732147200000"   hold:order-2 = "1 1732147260000"
 *                                              amount, time in ms at which the hold lapses
 *
 * A hold that has lapsed goes back to the stock when the article is touched next; no timer is needed.
 */

interface Level {
  available: number;
  /** Units in holds that have not lapsed. */
  held: number;
}

interface OrderLine {
  sku: string;
  amount: number;
}

interface Order {
  id: string;
  ttlMs: number;
  lines: OrderLine[];
}

/** Adds `amount` units to the stock and returns the new level. */
export function inventoryReceive(sku: string, amount: number): Level {
  checkAmount(sku, amount);
  const level = sweep(sku);
  Zedis.hincrby(sku, "available", amount);
  return { available: level.available + amount, held: level.held };
}

/**
 * Holds `amount` units for `order` for `ttlMs`; throws when there are too few. An order that already has a hold keeps that
 * one, with the new time: a repeated request holds nothing twice.
 */
export function inventoryReserve(sku: string, order: string, amount: number, ttlMs: number): Level {
  checkAmount(sku, amount);
  if (!(ttlMs >= 1)) throw new Error(`ttlMs ${ttlMs} is below 1`);
  const level = sweep(sku);
  const field = `hold:${order}`;
  const held = Zedis.hget(sku, field);
  const until = Math.floor(Zedis.now() + ttlMs);
  if (held !== null) {
    Zedis.hset(sku, field, `${amountOf(held)} ${until}`);
    return level;
  }
  if (level.available < amount) {
    throw Object.assign(new Error(`${sku}: ${amount} asked for, ${level.available} available`), {
      code: "OUT_OF_STOCK",
    });
  }
  Zedis.hset(sku, field, `${amount} ${until}`);
  Zedis.hincrby(sku, "available", -amount);
  return { available: level.available - amount, held: level.held + amount };
}

/** Holds every line of the order or, by throwing, none: what the first lines took is rolled back. Returns the line count. */
export function inventoryReserveAll(order: Order): number {
  for (const line of order.lines) inventoryReserve(line.sku, order.id, line.amount, order.ttlMs);
  return order.lines.length;
}

/** The order was paid: its hold leaves the stock for good. Returns its units; throws when the hold lapsed or never was. */
export function inventoryCommit(sku: string, order: string): number {
  sweep(sku);
  const held = Zedis.hget(sku, `hold:${order}`);
  if (held === null)
    throw Object.assign(new Error(`${sku}: order ${order} holds nothing (any more)`), { code: "NO_HOLD" });
  Zedis.hdel(sku, `hold:${order}`);
  return amountOf(held);
}

/** The order was given up: its units are available again. Returns how many; 0 when it held nothing (any more). */
export function inventoryCancel(sku: string, order: string): number {
  sweep(sku);
  const held = Zedis.hget(sku, `hold:${order}`);
  if (held === null) return 0;
  Zedis.hdel(sku, `hold:${order}`);
  Zedis.hincrby(sku, "available", amountOf(held));
  return amountOf(held);
}

/** The stock of the article, lapsed holds already counted as available. */
export function inventoryLevel(sku: string): Level {
  return sweep(sku);
}

/** Returns lapsed holds to the stock. Cost: one read of the hash, that is, of the open holds of one article. */
function sweep(sku: string): Level {
  const now = Zedis.now();
  const fields = Zedis.hgetall(sku);
  let available = Number(fields.available ?? 0);
  let held = 0;
  for (const [field, value] of Object.entries(fields)) {
    if (!field.startsWith("hold:")) continue;
    const amount = amountOf(value);
    if (Number(value.slice(value.indexOf(" ") + 1)) > now) {
      held += amount;
      continue;
    }
    Zedis.hdel(sku, field);
    Zedis.hincrby(sku, "available", amount);
    available += amount;
  }
  return { available, held };
}

function amountOf(hold: string): number {
  return Number(hold.slice(0, hold.indexOf(" ")));
}

function checkAmount(sku: string, amount: number): void {
  if (!Number.isSafeInteger(amount) || amount < 1)
    throw new Error(`${sku}: amount ${amount} is no whole number above 0`);
}
