import type { Mail, MailAnswer } from "./mail.ts";

/** What to tell every core; the mail room numbers it. */
export type Message = Mail extends infer One ? (One extends Mail ? Omit<One, "seq"> : never) : never;

interface Waiting {
  left: Set<number>;
  error: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Sends mail to every core and waits until each has answered. Main thread. */
export class MailRoom {
  readonly #waiting = new Map<number, Waiting>();
  #seq = 0;

  constructor(
    private readonly cores: readonly number[],
    private readonly send: (core: number, text: string) => void,
  ) {}

  /** Resolves when every core is done; rejects with the first core's error, once all have answered. */
  broadcast(message: Message): Promise<void> {
    const seq = ++this.#seq;
    const text = JSON.stringify({ ...message, seq });
    return new Promise((resolve, reject) => {
      this.#waiting.set(seq, { left: new Set(this.cores), error: undefined, resolve, reject });
      for (const core of this.cores) this.send(core, text);
    });
  }

  /** To be called with each MailAnswer that a core's worker posts. */
  answered(answer: MailAnswer): void {
    const waiting = this.#waiting.get(answer.seq);
    if (waiting === undefined) return;
    waiting.left.delete(answer.core);
    waiting.error ??= answer.error;
    if (waiting.left.size > 0) return;
    this.#waiting.delete(answer.seq);
    if (waiting.error === undefined) waiting.resolve();
    else waiting.reject(new Error(waiting.error));
  }
}
