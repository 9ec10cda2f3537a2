/** What the tests use of redlock 4, which has no declarations of its own. */
declare module "redlock" {
  import type { Redis } from "ioredis";

  export interface Lock {
    readonly value: string | null;
    extend(ttlMs: number): Promise<Lock>;
    unlock(): Promise<void>;
  }

  export default class Redlock {
    constructor(clients: Redis[], options?: { retryCount?: number; retryDelay?: number; retryJitter?: number });
    lock(resource: string | string[], ttlMs: number): Promise<Lock>;
  }
}
