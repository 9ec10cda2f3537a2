/** Accounts `account:N`, each a hash with `balance` and `moves`; the history of account N is the list `history:N`. */
import type { Random } from "../harness/random.ts";
import { itemsOf, numberOf, type Reply, textOf } from "../harness/resp.ts";
import type { Wire } from "../harness/wire.ts";

export const ACCOUNTS = 64;
export const BALANCE = 1000;
/** Entries that an account's history keeps. */
const HISTORY_MAX = 100;

/** Moves ARGV[1] from KEYS[1] to KEYS[2]; ARGV[2] says what comes after the writes: nothing, an error, or no end. */
const MOVE = `
local amount = tonumber(ARGV[1])
if tonumber(redis.call('HGET', KEYS[1], 'balance')) < amount then return 0 end
redis.call('HINCRBY', KEYS[1], 'balance', -amount)
redis.call('HINCRBY', KEYS[1], 'moves', 1)
redis.call('LPUSH', KEYS[3], -amount)
redis.call('LTRIM', KEYS[3], 0, ${HISTORY_MAX - 1})
if ARGV[2] == 'fails' then error('the bank is on fire') end
if ARGV[2] == 'loops' then while true do end end
redis.call('HINCRBY', KEYS[2], 'balance', amount)
redis.call('HINCRBY', KEYS[2], 'moves', 1)
redis.call('LPUSH', KEYS[4], amount)
redis.call('LTRIM', KEYS[4], 0, ${HISTORY_MAX - 1})
return amount`;

/** The same, with the keys made inside: none of them is declared. */
const MOVE_UNDECLARED = `local from, to = ARGV[3], ARGV[4]
local KEYS = {'account:' .. from, 'account:' .. to, 'history:' .. from, 'history:' .. to}
${MOVE}`;

export function luaLibrary(version: number): string {
  return `#!lua name=lua_bank
redis.register_function('lua_move', function(KEYS, ARGV)
-- version ${version}
${MOVE}
end)`;
}

export function typescriptLibrary(version: number, engine: string): string {
  return `#!ts name=${engine}_bank engine=${engine}
// version ${version}
export function ${engine}_move(from: string, to: string, fromHistory: string, toHistory: string, amount: number, then: string): number {
  if (Number(Zedis.hget(from, "balance")) < amount) return 0;
  Zedis.hincrby(from, "balance", -amount);
  Zedis.hincrby(from, "moves", 1);
  Zedis.lpush(fromHistory, String(-amount));
  Zedis.ltrim(fromHistory, 0, ${HISTORY_MAX - 1});
  if (then === "fails") throw new Error("the bank is on fire");
  while (then === "loops");
  Zedis.hincrby(to, "balance", amount);
  Zedis.hincrby(to, "moves", 1);
  Zedis.lpush(toHistory, String(amount));
  Zedis.ltrim(toHistory, 0, ${HISTORY_MAX - 1});
  return amount;
}`;
}

/** Ways to move money that this server offers. */
export const WAYS = ["multi", "eval", "undeclared", "lua", "jsc", "quickjs"] as const;
export type Way = (typeof WAYS)[number];

export async function openAccounts(wire: Wire): Promise<void> {
  for (let account = 0; account < ACCOUNTS; account++) {
    await wire.call(["HSET", `account:${account}`, "balance", String(BALANCE), "moves", "0"]);
  }
}

/** What came of a move: how it ended, and the error's text where there was one. */
export interface Outcome {
  readonly way: Way;
  readonly end: "moved" | "poor" | "error";
  readonly text: string;
}

/** One move between two accounts that the dice choose. */
export async function move(wire: Wire, way: Way, random: Random, then: "ends" | "fails" | "loops"): Promise<Outcome> {
  const from = random.below(ACCOUNTS);
  const to = (from + 1 + random.below(ACCOUNTS - 1)) % ACCOUNTS;
  const amount = String(random.from(1, 50));
  const keys = [`account:${from}`, `account:${to}`, `history:${from}`, `history:${to}`];
  if (way === "multi") return moveByMulti(wire, keys, amount);
  const words =
    way === "eval"
      ? ["EVAL", MOVE, "4", ...keys, amount, then]
      : way === "undeclared"
        ? ["EVAL", MOVE_UNDECLARED, "0", amount, then, String(from), String(to)]
        : ["FCALL", `${way}_move`, "4", ...keys, amount, then];
  const reply = await wire.call(words);
  if (reply.kind === "error") return { way, end: "error", text: reply.text };
  return { way, end: numberOf(reply) === 0 ? "poor" : "moved", text: "" };
}

async function moveByMulti(wire: Wire, keys: readonly string[], amount: string): Promise<Outcome> {
  const [from = "", to = "", fromHistory = "", toHistory = ""] = keys;
  const [, balance] = await wire.pipeline([
    ["WATCH", from],
    ["HGET", from, "balance"],
  ]);
  if (balance?.kind === "error") return { way: "multi", end: "error", text: balance.text };
  if (Number(textOf(balance)) < Number(amount)) {
    await wire.call("UNWATCH");
    return { way: "multi", end: "poor", text: "" };
  }
  const replies = await wire.pipeline([
    "MULTI",
    ["HINCRBY", from, "balance", `-${amount}`],
    ["HINCRBY", from, "moves", "1"],
    ["LPUSH", fromHistory, `-${amount}`],
    ["LTRIM", fromHistory, "0", String(HISTORY_MAX - 1)],
    ["HINCRBY", to, "balance", amount],
    ["HINCRBY", to, "moves", "1"],
    ["LPUSH", toHistory, amount],
    ["LTRIM", toHistory, "0", String(HISTORY_MAX - 1)],
    "EXEC",
  ]);
  const last = replies.at(-1);
  if (last?.kind === "error") return { way: "multi", end: "error", text: refusal(replies, last.text) };
  return { way: "multi", end: last?.kind === "array" ? "moved" : "poor", text: "" };
}

/** Looks at all accounts at one instant; what does not hold, as text. */
export async function audit(wire: Wire): Promise<string[]> {
  const commands = Array.from({ length: ACCOUNTS }, (_, account) => [
    ["HMGET", `account:${account}`, "balance", "moves"],
    ["LLEN", `history:${account}`],
  ]).flat();
  const replies = await wire.pipeline(["MULTI", ...commands, "EXEC"]);
  const last = replies.at(-1);
  if (last?.kind === "error") {
    const text = refusal(replies, last.text);
    return isBusy(text) ? [] : [`the audit was refused: ${text}`];
  }
  const items = itemsOf(last);
  const wrong: string[] = [];
  let sum = 0;
  for (let account = 0; account < ACCOUNTS; account++) {
    const [balance, moves] = itemsOf(items[account * 2]).map((item) => Number(textOf(item)));
    const entries = numberOf(items[account * 2 + 1]);
    sum += balance ?? Number.NaN;
    if (!((balance ?? -1) >= 0)) wrong.push(`account ${account} has ${balance}`);
    if (entries !== Math.min(moves ?? -1, HISTORY_MAX)) {
      wrong.push(`account ${account} moved ${moves} times, and its history has ${entries} entries`);
    }
  }
  if (sum !== ACCOUNTS * BALANCE) wrong.push(`the accounts hold ${sum}, not ${ACCOUNTS * BALANCE}`);
  return wrong;
}

/** Why a transaction did not run. EXEC tells of a command that was not queued, and that one's reply tells why. */
function refusal(replies: readonly Reply[], text: string): string {
  if (!text.startsWith("EXECABORT Transaction discarded because of previous errors")) return text;
  const busy = replies.find((reply) => reply.kind === "error" && isBusy(reply.text));
  return busy?.kind === "error" ? busy.text : text;
}

/** Refused because something else runs: nothing happened, try again. */
export function isBusy(text: string): boolean {
  return /^(EXECABORT .*)?BUSY/.test(text);
}
