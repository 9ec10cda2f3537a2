#!ts name=cart

interface Item {
  article: string;
  amount: number;
  cents: number;
  gift?: boolean;
}

interface Cart {
  items: Item[];
  voucher?: "TENPERCENT" | "FREESHIPPING";
}

/** Adds an item, or more of one that is there already. Returns the number of pieces in the cart. */
export function cartAdd(key: string, item: Item): number {
  check(item);
  const cart = read(key);
  const same = cart.items.find((each) => each.article === item.article && each.gift === item.gift);
  if (same === undefined) cart.items.push(item);
  else same.amount += item.amount;
  Zedis.set_json(key, cart);
  return cart.items.reduce((sum, each) => sum + each.amount, 0);
}

export function cartVoucher(key: string, voucher: "TENPERCENT" | "FREESHIPPING"): void {
  Zedis.set_json(key, { ...read(key), voucher });
}

/**
 * What the cart costs, in cents.
 * @no-writes
 */
export function cartTotal(key: string, shipping: number = 490) {
  const { items, voucher } = read(key);
  const goods = items.reduce((sum, item) => sum + item.amount * item.cents + (item.gift ? 250 : 0), 0);
  const discount = voucher === "TENPERCENT" ? Math.round(goods / 10) : 0;
  const sent = voucher === "FREESHIPPING" || goods === 0 ? 0 : shipping;
  return { goods, discount, shipping: sent, total: goods - discount + sent };
}

/** That an item is one, has been looked at before the call; what its type cannot say is checked here. */
function check({ article, amount, cents }: Item): void {
  if (article === "") throw new Error("item.article is no text");
  if (!Number.isSafeInteger(amount) || amount < 1)
    throw new Error(`item.amount is ${amount}, not a whole number above 0`);
  if (!Number.isSafeInteger(cents) || cents < 0) throw new Error(`item.cents is ${cents}, not a whole number of cents`);
}

function read(key: string): Cart {
  return Zedis.get_json<Cart>(key) ?? { items: [] };
}
