/**
 * CodeMirror, put together for procedures. It lies in a shadow root: there its style sheets are objects of the document, which the page's
 * security policy has nothing against, as it has against elements with styles in them.
 */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  indentUnit,
  StreamLanguage,
  syntaxHighlighting,
} from "@codemirror/language";
import { lua } from "@codemirror/legacy-modes/mode/lua";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export interface EditorOptions {
  readonly label: string;
  readonly text: string;
  readonly language: "ts" | "lua";
  readonly isReadOnly: boolean;
  readonly isDark: boolean;
  readonly onInput: (text: string) => void;
  /** Ctrl-Enter. */
  readonly onSubmit: () => void;
}

export interface Editor {
  setText(text: string): void;
  setFault(fault: { readonly line: number; readonly column: number; readonly text: string } | null): void;
  destroy(): void;
}

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.typeName, tags.className, tags.namespace], color: "var(--code-type)" },
  { tag: tags.function(tags.definition(tags.variableName)), fontWeight: "600" },
]);

const LOOK = EditorView.theme({
  "&": {
    color: "var(--text)",
    backgroundColor: "var(--surface)",
    border: "1px solid var(--line)",
    borderRadius: "var(--radius)",
    fontSize: "13px",
    maxHeight: "min(60vh, 560px)",
    overflow: "hidden",
  },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--text)", minHeight: "120px" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--sunk)", color: "var(--text-soft)", border: "none" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent-soft) 45%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 28%, transparent)",
  },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--line)" },
});

export function makeEditor(parent: HTMLElement, options: EditorOptions): Editor {
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: "open" });
  root.replaceChildren();
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        lineNumbers(),
        lintGutter(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        indentUnit.of("  "),
        options.isReadOnly ? [] : highlightActiveLine(),
        keymap.of([
          {
            key: "Mod-Enter",
            run: () => {
              options.onSubmit();
              return true;
            },
          },
          ...defaultKeymap,
          ...historyKeymap,
          // Escape, then Tab leaves the editor: CodeMirror lets Tab through once after it.
          ...(options.isReadOnly ? [] : [indentWithTab]),
        ]),
        options.language === "ts" ? javascript({ typescript: true }) : StreamLanguage.define(lua),
        syntaxHighlighting(COLOURS),
        EditorView.theme({}, { dark: options.isDark }),
        LOOK,
        EditorState.readOnly.of(options.isReadOnly),
        EditorView.contentAttributes.of({ "aria-label": options.label, tabindex: "0" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.onInput(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    setText(text) {
      if (view.state.doc.toString() === text) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    setFault(fault) {
      const found: Diagnostic[] = [];
      if (fault !== null && fault.line <= view.state.doc.lines) {
        const line = view.state.doc.line(fault.line);
        const from = Math.min(line.from + Math.max(fault.column - 1, 0), line.to);
        const to = Math.max(Math.min(from + 1, line.to), from);
        found.push({ from: to === from ? line.from : from, to, severity: "error", message: fault.text });
        view.dispatch({ effects: EditorView.scrollIntoView(from, { y: "center" }) });
      }
      view.dispatch(setDiagnostics(view.state, found));
    },
    destroy: () => view.destroy(),
  };
}
