import { join } from "node:path";
import { createClient } from "redis";
import { readLibrary } from "../library.ts";
import { withServer } from "../server.ts";

await withServer(async (port) => {
  const client = createClient({ RESP: 3, socket: { host: "127.0.0.1", port } });
  await client.connect();
  const call = async (name: string, ...args: string[]): Promise<string> => {
    try {
      return JSON.stringify(await client.fCall(name, { keys: ["cart:7"], arguments: args }));
    } catch (error) {
      return `refused: ${error instanceof Error ? error.message : error}`;
    }
  };
  try {
    await client.del("cart:7");
    await client.functionLoad(readLibrary(join(import.meta.dir, "cart.ts")), { REPLACE: true });
    const shirt = { article: "shirt", amount: 1, cents: 1990 };
    console.log("a shirt:", await call("cartAdd", JSON.stringify(shirt)));
    console.log("another:", await call("cartAdd", JSON.stringify(shirt)));
    console.log(
      "a gift:",
      await call("cartAdd", JSON.stringify({ article: "mug", amount: 1, cents: 900, gift: true })),
    );
    console.log("total:", await call("cartTotal"));
    console.log("with a voucher:", await call("cartVoucher", "TENPERCENT"), await call("cartTotal"));
    console.log("sent abroad:", await call("cartTotal", "1490"));
    console.log("stored:", await client.get("cart:7"));

    console.log("\nno such voucher:", await call("cartVoucher", "HALFPRICE"));
    console.log("no JSON:", await call("cartAdd", "shirt"));
    console.log("amount missing:", await call("cartAdd", JSON.stringify({ article: "shirt", cents: 1990 })));
    console.log("half a piece:", await call("cartAdd", JSON.stringify({ ...shirt, amount: 0.5 })));
    console.log("amount as text:", await call("cartAdd", JSON.stringify({ ...shirt, amount: "two" })));
    console.log("total all the same:", await call("cartTotal"));

    const adds = Array.from({ length: 100 }, (_, nth) =>
      call("cartAdd", JSON.stringify({ ...shirt, article: `a${nth % 10}` })),
    );
    await Promise.all(adds);
    const cart = JSON.parse((await client.get("cart:7")) ?? "{}");
    const pieces = cart.items.reduce((sum: number, item: { amount: number }) => sum + item.amount, 0);
    console.log(`\nafter 100 more, added at once: ${cart.items.length} kinds, ${pieces} pieces`);
  } finally {
    client.destroy();
  }
});
