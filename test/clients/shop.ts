#!ts name=shop
/** Takes from a stock, if there is enough, and notes the order: two keys, one of them undeclared. */
export function shop_order(product: string, amount: number) {
  const left = Zedis.get_int(product) - amount;
  if (left < 0) throw new Error("sold out");
  Zedis.set(product, left);
  Zedis.rpush("orders", `${product}*${amount}`);
  return left;
}
/** @no-writes */
export function shop_stock(product: string) {
  return { product, left: Zedis.get_int(product), orders: Zedis.lrange("orders", 0, -1) };
}
