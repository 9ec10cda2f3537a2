#!ts name=checkout
/** The shop's own code: asks a customer's rule for a discount, and goes on without one if it misbehaves. */
export function checkout(basket: string, rule: string): { paid: number; note: string } {
  const price = Zedis.get_int(basket);
  let discount = 0;
  let note = "rule followed";
  try {
    discount = Number(Zedis.fcall(rule, [basket], [price]));
  } catch (error) {
    note = error instanceof Error && error.message.includes("mistake") ? "rule failed" : "rule stopped";
  }
  const paid = price - Math.min(Math.max(discount, 0), price / 2);
  Zedis.set(`${basket}:paid`, paid);
  return { paid, note };
}
