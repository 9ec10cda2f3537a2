/** Ctrl-K: type where to go or what to do. */
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { identity } from "../model/bytes.ts";
import { splitWords } from "../model/words.ts";
import { Icon, type IconName } from "./icons.tsx";
import { go } from "./route.ts";
import { setTheme } from "./theme.ts";
import { VIEWS } from "./views.tsx";

const isOpen = signal(false);

export function openPalette(): void {
  isOpen.value = true;
}

interface Action {
  readonly title: string;
  readonly icon: IconName;
  readonly run: () => void;
}

export function Palette() {
  return isOpen.value ? <OpenPalette /> : null;
}

function OpenPalette() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const close = (): void => {
    isOpen.value = false;
  };
  // Before anything is painted: what is typed at once is meant for it.
  useLayoutEffect(() => {
    dialog.current?.showModal();
    return () => dialog.current?.close();
  }, []);
  const actions = matching(text);
  const chosen = Math.min(at, actions.length - 1);
  const run = (action: Action | undefined): void => {
    if (action === undefined) return;
    close();
    // The dialog gives the focus back first.
    setTimeout(action.run, 0);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((chosen + step + actions.length) % actions.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(actions[chosen]);
    }
  };
  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label="Go to"
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onMouseDown={(event) => {
        if (event.target === dialog.current) close();
      }}
    >
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={actions.length > 0 ? `palette-${chosen}` : undefined}
        aria-label="Where to go, or a key"
        placeholder="A view, an action, or a key’s name"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div role="listbox" id="palette-list" aria-label="Matches">
        {actions.map((action, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the combobox's
          <div
            key={action.title}
            id={`palette-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onClick={() => run(action)}
          >
            <Icon name={action.icon} />
            <span>{action.title}</span>
          </div>
        ))}
      </div>
    </dialog>
  );
}

function matching(text: string): Action[] {
  const wanted = text.trim().toLowerCase();
  const actions: Action[] = [
    ...VIEWS.map(({ name, title, icon }): Action => ({ title, icon, run: () => go(name) })),
    { title: "New key", icon: "plus", run: () => go("keys", { new: "1" }) },
    { title: "Light theme", icon: "sun", run: () => setTheme("light") },
    { title: "Dark theme", icon: "moon", run: () => setTheme("dark") },
    { title: "Theme as the system has it", icon: "screen", run: () => setTheme("system") },
  ];
  const found = actions.filter(({ title }) => wanted.split(/\s+/).every((word) => title.toLowerCase().includes(word)));
  const [key, ...more] = text.trim().startsWith('"') ? (splitWords(text) ?? []) : [text.trim()];
  if (key !== undefined && key !== "" && more.length === 0) {
    found.push({ title: `Open the key ${text.trim()}`, icon: "keys", run: () => go("keys", { key: identity(key) }) });
  }
  return found;
}
