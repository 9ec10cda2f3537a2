/** The functions that both servers run: the same work, once in TypeScript and once in Lua. */

import type { Server } from "./server.ts";

export type Language = "ts" | "lua";

const TYPESCRIPT = `#!ts name=bench
/** The get, compare, set of the comparison: takes the amount when there is enough. */
function take(key: string, amount: number): number {
  const stock = Zedis.get_int(key);
  if (stock >= amount) {
    Zedis.set(key, stock - amount);
    return 1;
  }
  return 0;
}

/** Four commands: money from one account to another, with the sender's history. */
function transfer(from: string, to: string, history: string, amount: number): number {
  const left = Zedis.decrby(from, amount);
  Zedis.incrby(to, amount);
  Zedis.lpush(history, amount);
  Zedis.ltrim(history, 0, 9);
  return left;
}

function updateInventory(productId: string, amount: number) {
  const stock = Zedis.get_int(productId);
  if (stock >= amount) {
    Zedis.set(productId, stock - amount);
    return { success: true };
  }
  return { error: "Out of stock" };
}

function arithmetic(seed: number): number {
  let sum = 0;
  for (let i = 1; i <= 1000; i++) sum = sum + i * i - (seed * i) / 2;
  return sum;
}

/** Each step waits for the last one's division: what a compiler can do least about. */
function remainders(seed: number): number {
  let x = seed;
  for (let i = 0; i < 1000; i++) x = (x * 31 + i) % 1000003;
  return x;
}

function repeatGetInt(key: string, times: number): number {
  let sum = 0;
  for (let i = 0; i < times; i++) sum += Zedis.get_int(key);
  return sum;
}

function repeatGet(key: string, times: number): number {
  let length = 0;
  for (let i = 0; i < times; i++) length += (Zedis.get(key) ?? "").length;
  return length;
}

function repeatGetComputed(prefix: string, times: number): number {
  let length = 0;
  for (let i = 0; i < times; i++) length += (Zedis.get(prefix + (100 + (i % 900))) ?? "").length;
  return length;
}
`;

/** The same get, compare, set in the engine for code that is not trusted. */
const QUICKJS = `#!ts name=guarded engine=quickjs
function takeGuarded(key: string, amount: number): number {
  const stock = Zedis.get_int(key);
  if (stock >= amount) {
    Zedis.set(key, stock - amount);
    return 1;
  }
  return 0;
}
`;

const LUA = `#!lua name=bench
redis.register_function('take', function(keys, args)
  local amount = tonumber(args[1])
  local stock = tonumber(redis.call('GET', keys[1]) or '0')
  if stock >= amount then
    redis.call('SET', keys[1], stock - amount)
    return 1
  end
  return 0
end)

redis.register_function('takeGuarded', function(keys, args)
  local amount = tonumber(args[1])
  local stock = tonumber(redis.call('GET', keys[1]) or '0')
  if stock >= amount then
    redis.call('SET', keys[1], stock - amount)
    return 1
  end
  return 0
end)

redis.register_function('transfer', function(keys, args)
  local left = redis.call('DECRBY', keys[1], args[1])
  redis.call('INCRBY', keys[2], args[1])
  redis.call('LPUSH', keys[3], args[1])
  redis.call('LTRIM', keys[3], 0, 9)
  return left
end)

redis.register_function('updateInventory', function(keys, args)
  local amount = tonumber(args[1])
  local stock = tonumber(redis.call('GET', keys[1]) or '0')
  if stock >= amount then
    redis.call('SET', keys[1], stock - amount)
    return {'success', 1}
  end
  return {'error', 'Out of stock'}
end)

redis.register_function('arithmetic', function(keys, args)
  local seed = tonumber(args[1])
  local sum = 0
  for i = 1, 1000 do sum = sum + i * i - seed * i / 2 end
  return sum
end)

redis.register_function('remainders', function(keys, args)
  local x = tonumber(args[1])
  for i = 0, 999 do x = (x * 31 + i) % 1000003 end
  return x
end)

redis.register_function('repeatGetInt', function(keys, args)
  local sum = 0
  for i = 1, tonumber(args[1]) do sum = sum + tonumber(redis.call('GET', keys[1])) end
  return sum
end)

redis.register_function('repeatGet', function(keys, args)
  local length = 0
  for i = 1, tonumber(args[1]) do length = length + #redis.call('GET', keys[1]) end
  return length
end)

redis.register_function('repeatGetComputed', function(keys, args)
  local length = 0
  for i = 0, tonumber(args[1]) - 1 do length = length + #redis.call('GET', keys[1] .. (100 + i % 900)) end
  return length
end)
`;

/** Loads the functions in the best language that the server has, and says which that is. */
export async function loadFunctions(server: Server): Promise<Language> {
  try {
    await server.command("FUNCTION", "LOAD", "REPLACE", TYPESCRIPT);
    await server.command("FUNCTION", "LOAD", "REPLACE", QUICKJS);
    return "ts";
  } catch (error) {
    // A server that knows the engine refuses for a reason worth reading; another one says that it does not know it.
    if (!/engine/i.test(String(error))) throw error;
  }
  await server.command("FUNCTION", "LOAD", "REPLACE", LUA);
  return "lua";
}

/** A TypeScript library of about 100 lines, different for every `version`, so that no cache answers for the compiler. */
export function libraryOf100Lines(version: number): string {
  const lines = ["#!ts name=hundred", `const VERSION = ${version};`, "type Item = { name: string; count: number };"];
  for (let nth = 0; nth < 12; nth++) {
    lines.push(
      `/** Moves what is asked for, number ${nth}. */`,
      `export function move${nth}(from: string, to: string, amount: number = ${nth + 1}): Item {`,
      "  const stock = Zedis.get_int(from);",
      '  if (stock < amount) throw new Error(VERSION + ": only " + stock + " left");',
      "  Zedis.set(from, stock - amount);",
      "  Zedis.incrby(to, amount);",
      "  return { name: to, count: Zedis.get_int(to) };",
      "}",
    );
  }
  lines.push("");
  return lines.join("\n");
}
