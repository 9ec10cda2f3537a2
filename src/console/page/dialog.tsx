/** Dialogs: the browser's own element, which keeps the focus inside, closes on Escape and gives the focus back. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { reason } from "./api.ts";

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly wide?: boolean;
}

export function Dialog({ title, onClose, children, wide = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  // Before anything is painted: what is typed at once is meant for it.
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    // What is to be filled in, rather than the choice above it; where only a question is asked, the way out of it.
    dialog?.querySelector<HTMLElement>("textarea, input")?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      class={wide ? "wide" : ""}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === element.current) onClose();
      }}
    >
      <div class="dialog-body">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

export interface FormDialogProps extends DialogProps {
  readonly action: string;
  readonly isDangerous?: boolean;
  /** Closes the dialog when it succeeds; what it throws is shown in the dialog. */
  readonly onSubmit: () => Promise<void>;
}

export function FormDialog({ action, isDangerous = false, onSubmit, children, ...rest }: FormDialogProps) {
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await onSubmit();
      rest.onClose();
    } catch (thrown) {
      setError(reason(thrown));
      setBusy(false);
    }
  };
  return (
    <Dialog {...rest}>
      <form onSubmit={submit}>
        {children}
        <div role="alert">{error !== null && <p class="error-text">{error}</p>}</div>
        <div class="actions end">
          <button type="button" onClick={rest.onClose}>
            Cancel
          </button>
          <button type="submit" class={isDangerous ? "danger" : "primary"} disabled={isBusy}>
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface Question {
  readonly title: string;
  readonly text: ComponentChildren;
  readonly action: string;
  readonly run: () => Promise<void>;
}

const question = signal<Question | null>(null);

/** Asks before something that cannot be taken back is done. */
export function confirmThen(asked: Question): void {
  question.value = asked;
}

export function Confirmation() {
  const asked = question.value;
  if (asked === null) return null;
  const close = (): void => {
    question.value = null;
  };
  return (
    <FormDialog title={asked.title} action={asked.action} isDangerous onSubmit={asked.run} onClose={close}>
      <p>{asked.text}</p>
    </FormDialog>
  );
}
