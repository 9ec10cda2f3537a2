/**
 * A history of the list-append workload: what each client asked, when, and what it learned.
 *
 *     {index: 7, session: 3, label: "MULTI", invoked: 1200, completed: 1950, outcome: "ok", micros: [
 *       {kind: "append", key: "k1", value: 41, length: 3},
 *       {kind: "read", key: "k2", values: [12, 30]}]}
 *
 * Times are nanoseconds of one monotonic clock, taken before a request is written and after its reply is read, so an interval is
 * never shorter than what the server did.
 */

export interface Append {
  readonly kind: "append";
  readonly key: string;
  /** Unique in the whole history. */
  readonly value: number;
  /** The list's length that the reply told, where it told one. */
  length?: number;
}

export interface Read {
  readonly kind: "read";
  readonly key: string;
  /** Absent until the reply is there, and for ever where none came. */
  values?: readonly number[];
}

export type Micro = Append | Read;

/**
 * ok: happened. failed: the client was told that it did not happen, so nobody may ever see a trace of it. unknown: the connection
 * was lost between request and reply; it happened at some time after `invoked`, or never.
 */
export type Outcome = "ok" | "failed" | "unknown";

export interface Transaction {
  /** Its place in the history. */
  readonly index: number;
  /** The connection: the server serves the requests of one in the order in which they were recorded. */
  readonly session: number;
  readonly label: string;
  readonly invoked: number;
  /** Infinity where the outcome is unknown. */
  completed: number;
  outcome: Outcome;
  micros: readonly Micro[];
}

export class Recorder {
  readonly transactions: Transaction[] = [];

  /** A transaction whose request is about to be sent; its outcome is unknown until `end`. */
  begin(session: number, label: string, micros: readonly Micro[]): Transaction {
    const transaction: Transaction = {
      index: this.transactions.length,
      session,
      label,
      invoked: Bun.nanoseconds(),
      completed: Number.POSITIVE_INFINITY,
      outcome: "unknown",
      micros,
    };
    this.transactions.push(transaction);
    return transaction;
  }

  end(transaction: Transaction, outcome: "ok" | "failed"): void {
    transaction.completed = Bun.nanoseconds();
    transaction.outcome = outcome;
  }

  /** Takes `micros` out of a transaction, as one of its own that failed: a command of a MULTI that replied an error. */
  splitFailed(transaction: Transaction, micros: readonly Micro[]): void {
    transaction.micros = transaction.micros.filter((micro) => !micros.includes(micro));
    this.transactions.push({
      ...transaction,
      index: this.transactions.length,
      label: `${transaction.label}, a command that failed`,
      completed: Bun.nanoseconds(),
      outcome: "failed",
      micros,
    });
  }
}
