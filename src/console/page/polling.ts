/** Work that repeats while somebody looks. */
import { useEffect, useRef, useState } from "preact/hooks";
import { reason } from "./api.ts";

/** Runs `work` now and again `every_ms` after it has ended, not while the page is hidden; gives the way to stop. */
export function repeat(work: () => Promise<void>, every_ms: number): () => void {
  let timer = 0;
  let running = false;
  let stopped = false;
  const run = async (): Promise<void> => {
    if (running || stopped || document.hidden) return;
    running = true;
    await work().catch(() => {});
    running = false;
    if (!stopped && !document.hidden) timer = window.setTimeout(run, every_ms);
  };
  const onVisible = (): void => {
    window.clearTimeout(timer);
    void run();
  };
  document.addEventListener("visibilitychange", onVisible);
  void run();
  return () => {
    stopped = true;
    window.clearTimeout(timer);
    document.removeEventListener("visibilitychange", onVisible);
  };
}

export interface Loaded<T> {
  readonly value: T | null;
  readonly error: string | null;
  readonly isLoading: boolean;
  readonly reload: () => Promise<void>;
}

/** What `load` gives, loaded when `key` changes, and again every `every_ms` where that is given. The last value stays while a new one comes. */
export function useLoaded<T>(key: string, load: () => Promise<T>, every_ms?: number): Loaded<T> {
  const [state, setState] = useState<{ key: string; value: T | null; error: string | null; isLoading: boolean }>({
    key,
    value: null,
    error: null,
    isLoading: true,
  });
  const latest = useRef({ load, turn: 0 });
  latest.current.load = load;
  const run = async (): Promise<void> => {
    const turn = ++latest.current.turn;
    try {
      const value = await latest.current.load();
      if (turn === latest.current.turn) setState({ key, value, error: null, isLoading: false });
    } catch (thrown) {
      if (turn !== latest.current.turn) return;
      setState((before) => ({
        key,
        value: before.key === key ? before.value : null,
        error: reason(thrown),
        isLoading: false,
      }));
    }
  };
  useEffect(() => {
    const forget = (): void => {
      latest.current.turn++;
    };
    if (every_ms === undefined) {
      void run();
      return forget;
    }
    const stop = repeat(run, every_ms);
    return () => {
      stop();
      forget();
    };
  }, [key, every_ms]);
  const isCurrent = state.key === key;
  return {
    value: isCurrent ? state.value : null,
    error: isCurrent ? state.error : null,
    isLoading: !isCurrent || state.isLoading,
    reload: run,
  };
}
