/** Short messages about what was done: shown for a while, and read out by screen readers. */
import { signal } from "@preact/signals";
import { reason } from "./api.ts";
import { Icon } from "./icons.tsx";

interface Notice {
  readonly id: number;
  readonly kind: "done" | "failed";
  readonly text: string;
}

const SHOWN_MS = { done: 4_000, failed: 10_000 };
const NOTICES_MAX = 4;
const notices = signal<readonly Notice[]>([]);
let last = 0;

export function tell(text: string, kind: Notice["kind"] = "done"): void {
  const id = ++last;
  notices.value = [...notices.value, { id, kind, text }].slice(-NOTICES_MAX);
  setTimeout(() => dismiss(id), SHOWN_MS[kind]);
}

export function tellFailure(thrown: unknown): void {
  tell(reason(thrown), "failed");
}

function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, kind, text }) => (
        <div key={id} class={`notice ${kind}`}>
          <Icon name={kind === "done" ? "check" : "alert"} />
          <span>{text}</span>
          <button type="button" class="quiet icon-only" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
