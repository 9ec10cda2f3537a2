/**
 * What a connection does in a round, step by step, and what the data must look like after any number of its steps. Which kind of step comes
 * is decided by seed, connection and number alone, so that the checker needs no record of what was done.
 */
import { itemsOf, numberOf, show, textOf } from "../harness/resp.ts";
import type { Command, Wire } from "../harness/wire.ts";

export const ACCOUNTS = 20;
export const BALANCE = 1000;

/** Moves money, in the middle of which some calls fail. */
export const LIBRARY = `#!ts name=bank
export function move(from: string, to: string, last: string, step: string, amount: number): void {
  Zedis.incrby(from, -amount);
  if (amount % 5 === 0) throw new Error("in the middle");
  Zedis.incrby(to, amount);
  Zedis.set(last, step);
}`;
/** The same for a server that has only Lua. */
export const LUA_LIBRARY = `#!lua name=bank
redis.register_function('move', function(keys, args)
  redis.call('DECRBY', keys[1], args[2])
  if args[2] % 5 == 0 then error('in the middle') end
  redis.call('INCRBY', keys[2], args[2])
  redis.call('SET', keys[3], args[1])
end)`;
const SCRIPT = `redis.call('DECRBY', KEYS[1], ARGV[2])
if ARGV[2] % 5 == 0 then error('in the middle') end
redis.call('INCRBY', KEYS[2], ARGV[2])
redis.call('SET', KEYS[3], ARGV[1])`;

/** A number below `bound` that depends on all of these and nothing else. */
export function draw(bound: number, ...from: number[]): number {
  let state = 0x9e3779b9;
  for (const number of from) {
    state = Math.imul(state ^ number, 0x85ebca6b);
    state ^= state >>> 13;
    state = Math.imul(state, 0xc2b2ae35);
    state ^= state >>> 16;
  }
  return (state >>> 0) % bound;
}

type Kind = "push" | "twins" | "script" | "procedure" | "hash" | "other";
const KINDS: readonly Kind[] = ["push", "twins", "script", "procedure", "hash", "other"];

/** Changes of other types, which nobody counts: whoever loads the same log must have made the same of them. */
const OTHERS: readonly ((key: (name: string) => string, number: string) => Command)[] = [
  (key, number) => ["ZADD", key("zset"), number, `member ${Number(number) % 50}`],
  (key, number) => ["ZINCRBY", key("zset"), `${Number(number) / 7}`, "often"],
  (key) => ["ZPOPMIN", key("zset")],
  (key, number) => ["XADD", key("stream"), "*", "step", number],
  (key) => ["XGROUP", "CREATE", key("stream"), "group", "$", "MKSTREAM"],
  (key) => ["XREADGROUP", "GROUP", "group", "one", "COUNT", "2", "STREAMS", key("stream"), ">"],
  (key) => ["XTRIM", key("stream"), "MAXLEN", "~", "100"],
  (key, number) => ["SADD", key("set"), number, `text ${number}`],
  (key) => ["SPOP", key("set")],
  (key, number) => ["LPUSH", key("queue"), number, `text ${number}`],
  (key) => ["RPOPLPUSH", key("queue"), key("done")],
  (key, number) => ["SETRANGE", key("text"), `${Number(number) % 1000}`, number],
  (key, number) => ["SETBIT", key("bits"), number, "1"],
  (key, number) => ["PFADD", key("counter"), number],
  (key, number) => ["SET", key("brief"), number, "EX", "100000"],
  (key) => ["PERSIST", key("brief")],
  (key) => ["INCRBYFLOAT", key("float"), "0.1"],
  (key, number) => ["GEOADD", key("places"), "13.361389", "38.115556", number],
  (key) => ["RENAME", key("brief"), key("renamed")],
  (key) => ["COPY", key("zset"), key("copied"), "REPLACE"],
  (key) => ["DEL", key("done"), key("renamed")],
];

export class Steps {
  /** Steps sent, and the last one that was acknowledged. */
  sent = 0;
  acknowledged = 0;

  constructor(
    private readonly seed: number,
    private readonly round: number,
    private readonly connection: number,
  ) {}

  private key(name: string): string {
    return `r${this.round}:c${this.connection}:${name}`;
  }

  private kind(step: number): Kind {
    return KINDS[draw(KINDS.length, this.seed, this.round, this.connection, step)] ?? "push";
  }

  /** The amount that a step moves; one in five fails and changes nothing. */
  private amount(step: number): number {
    return 1 + draw(40, this.seed, this.round, this.connection, step, 1);
  }

  private commands(step: number): Command[] {
    const last = this.key("last");
    const number = String(step);
    const [from, to] = [2, 3].map(
      (salt) => `acct:${draw(ACCOUNTS, this.seed, this.round, this.connection, step, salt)}`,
    );
    const amount = String(this.amount(step));
    switch (this.kind(step)) {
      case "push":
        return [
          ["RPUSH", this.key("list"), number],
          ["SET", last, number],
        ];
      case "twins":
        return [
          ["MULTI"],
          ["INCR", this.key("one")],
          ["SADD", this.key("two"), number],
          ["SET", last, number],
          ["EXEC"],
        ];
      case "script":
        return [["EVAL", SCRIPT, "3", from ?? "", to ?? "", last, number, amount]];
      case "procedure":
        return [["FCALL", "move", "3", from ?? "", to ?? "", last, number, amount]];
      case "other":
        return [
          ["MULTI"],
          ...[4, 5, 6].map((salt): Command => {
            const which = OTHERS[draw(OTHERS.length, this.seed, this.round, this.connection, step, salt)];
            return which?.((name) => this.key(name), number) ?? ["PING"];
          }),
          ["SET", last, number],
          ["EXEC"],
        ];
      case "hash":
        return [
          ["MULTI"],
          ["HSET", this.key("hash"), number, amount],
          ["SELECT", "0"],
          ["SET", last, number],
          ["EXEC"],
        ];
    }
  }

  /** Does a step leave its number? Not if it fails. */
  private leaves(step: number): boolean {
    const kind = this.kind(step);
    return (kind !== "script" && kind !== "procedure") || this.amount(step) % 5 !== 0;
  }

  /** Runs steps, several on their way at a time, until the server is gone or `going` says no. */
  async run(wire: Wire, going: () => boolean): Promise<void> {
    const depth = 1 + draw(4, this.seed, this.round, this.connection);
    const ways: Promise<void>[] = [];
    try {
      while (going()) {
        const step = ++this.sent;
        const replies = Promise.all(this.commands(step).map((command) => wire.call(command)));
        ways.push(
          replies.then((all) => {
            const wrong = all.map(show).find((text) => text.startsWith("-") && !text.includes("in the middle"));
            if (wrong !== undefined) throw new Error(`step ${step} of ${this.key("")}: ${wrong}`);
            this.acknowledged = step;
          }),
        );
        if (ways.length >= depth) await ways.shift();
      }
      await Promise.all(ways);
    } catch (error) {
      await Promise.allSettled(ways);
      if (error instanceof Error && error.message.startsWith("step")) throw error;
    }
  }

  /** What is wrong with what is found, or null. `least`: the step that must at least be there. */
  async check(wire: Wire, least: number): Promise<string | null> {
    const found = await wire.call(["GET", this.key("last")]);
    const last = found.kind === "bulk" ? Number(textOf(found)) : 0;
    const wrong = (what: string): string =>
      `${this.key("")} after step ${last} (acknowledged ${this.acknowledged}, sent ${this.sent}): ${what}`;
    const steps = Array.from({ length: last }, (_, index) => index + 1);
    // Steps that fail leave nothing: the last one that left its number is what counts.
    const leastLeft =
      steps.length >= least
        ? least
        : ([...Array(least).keys()].map((n) => n + 1).findLast((step) => this.leaves(step)) ?? 0);
    if (last < leastLeft) return wrong(`step ${leastLeft} was acknowledged`);
    if (last > this.sent) return wrong("it was never sent");
    const of = (kind: Kind): string[] => steps.filter((step) => this.kind(step) === kind).map(String);
    const list = itemsOf(await wire.call(["LRANGE", this.key("list"), "0", "-1"])).map(textOf);
    const pushed = of("push");
    // A push and the SET behind it are two requests.
    const half =
      list.length === pushed.length + 1 && this.kind(Number(list.at(-1))) === "push" ? list.slice(0, -1) : list;
    if (half.join() !== pushed.join()) return wrong(`the list is ${list.slice(-5)}, expected ${pushed.slice(-5)}`);
    const twins = of("twins");
    const counted = await wire.call(["GET", this.key("one")]);
    const one = counted.kind === "bulk" ? Number(textOf(counted)) : 0;
    const two = numberOf(await wire.call(["SCARD", this.key("two")]));
    if (one !== twins.length || two !== twins.length) return wrong(`${one} and ${two}, expected ${twins.length} twice`);
    const fields = numberOf(await wire.call(["HLEN", this.key("hash")]));
    if (fields !== of("hash").length) return wrong(`${fields} fields, expected ${of("hash").length}`);
    return null;
  }
}

/** The sum of all accounts, which never changes. */
export async function checkSum(wire: Wire): Promise<string | null> {
  const keys = Array.from({ length: ACCOUNTS }, (_, index) => `acct:${index}`);
  const found = itemsOf(await wire.call(["MGET", ...keys])).map((reply) =>
    reply.kind === "bulk" ? Number(textOf(reply)) : 0,
  );
  const sum = found.reduce((all, balance) => all + balance, 0);
  return sum === ACCOUNTS * BALANCE ? null : `the accounts hold ${sum}, expected ${ACCOUNTS * BALANCE}: ${found}`;
}
