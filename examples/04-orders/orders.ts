#!ts name=orders

interface Line {
  article: string;
  amount: number;
}

interface Order {
  number: string;
  account: string;
  lines: Line[];
}

interface Books {
  accounts: string[];
  /** Orders are numbered from 1. */
  orders: number;
}

/** Takes units and money for the order and writes it down. Throws, with nothing changed, when either is short. */
export function placeOrder(order: Order) {
  const placed = Zedis.hgetall(`order:${order.number}`);
  if (placed.total !== undefined) return { number: order.number, total: Number(placed.total), repeated: true };

  let total = 0;
  for (const { article, amount } of order.lines) {
    const left = Zedis.hincrby(`article:${article}`, "stock", -amount);
    if (left < 0) throw new Error(`${article}: ${amount} ordered, ${left + amount} in stock`);
    total += amount * Number(Zedis.hget(`article:${article}`, "price"));
  }
  const balance = Zedis.decrby(`account:${order.account}`, total);
  if (balance < 0) throw new Error(`${order.account} has ${balance + total}, the order costs ${total}`);
  Zedis.hset(`order:${order.number}`, { account: order.account, total, lines: JSON.stringify(order.lines) });
  return { number: order.number, total, repeated: false };
}

/**
 * Money in accounts and orders together: it never changes, whatever is ordered.
 * @no-writes
 */
export function moneyInAll(books: Books): number {
  let money = 0;
  for (const account of books.accounts) money += Zedis.get_int(`account:${account}`);
  for (let number = 1; number <= books.orders; number++) money += Number(Zedis.hget(`order:n${number}`, "total") ?? 0);
  return money;
}
