/** A source with highlighting: shown, or edited (then `text` is what it begins with). The editor is a part of its own that is loaded when it is needed. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Editor } from "./editor.ts";
import { isDark, themeTurn } from "./theme.ts";

export interface SourceEditorProps {
  readonly label: string;
  readonly text: string;
  readonly language: "ts" | "lua";
  readonly isReadOnly?: boolean;
  readonly onInput?: (text: string) => void;
  readonly onSubmit?: () => void;
  readonly fault?: { readonly line: number; readonly column: number; readonly text: string } | null;
}

export function SourceEditor(props: SourceEditorProps) {
  const { label, text, language, isReadOnly = false, fault = null } = props;
  const box = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const handlers = useRef(props);
  handlers.current = props;
  const [isFailed, setFailed] = useState(false);
  const dark = themeTurn.value >= 0 && isDark();

  useEffect(() => {
    let isGone = false;
    import("./editor.ts").then(
      ({ makeEditor }) => {
        if (isGone || box.current === null) return;
        editor.current = makeEditor(box.current, {
          label,
          text: handlers.current.text,
          language,
          isReadOnly,
          isDark: dark,
          onInput: (next) => handlers.current.onInput?.(next),
          onSubmit: () => handlers.current.onSubmit?.(),
        });
        editor.current.setFault(handlers.current.fault ?? null);
      },
      () => setFailed(true),
    );
    return () => {
      isGone = true;
      editor.current?.destroy();
      editor.current = null;
    };
  }, [dark, language, isReadOnly]);
  // What is edited is the editor's: a text that comes back from here late would take back what was typed meanwhile.
  useEffect(() => {
    if (isReadOnly) editor.current?.setText(text);
  }, [text, isReadOnly]);
  useEffect(() => editor.current?.setFault(fault), [fault]);
  if (!isFailed) return <div class="source" ref={box} />;
  return (
    <textarea
      class="mono source-plain"
      aria-label={label}
      readOnly={isReadOnly}
      value={text}
      spellcheck={false}
      onInput={(event) => props.onInput?.(event.currentTarget.value)}
    />
  );
}
