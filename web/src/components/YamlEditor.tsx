/* An editor for YAML with remarks in place: CodeMirror, loaded only where something is edited. Tab leaves it, as everywhere;
   what it indents with is the space. */
import { useEffect, useRef } from 'react';
import { autocompletion, completionKeymap, type CompletionSource } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, foldGutter, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { Remark } from '../api/types';

const colours = syntaxHighlighting(HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--info)' }, { tag: tags.string, color: 'var(--ok)' }, { tag: tags.comment, color: 'var(--muted)' }, { tag: [tags.number, tags.bool, tags.null], color: 'var(--warn)' }, { tag: tags.meta, color: 'var(--muted)' },
]));
const look = EditorView.theme({
  '&': { height: '100%', fontSize: '12.5px', backgroundColor: 'var(--code)', color: 'var(--ink)' }, '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.6' }, '.cm-gutters': { backgroundColor: 'var(--code)', color: 'var(--muted)', borderRight: '1px solid var(--line)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in oklab, var(--accent) 8%, transparent)' }, '.cm-cursor': { borderLeftColor: 'var(--ink)' }, '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'color-mix(in oklab, var(--accent) 28%, transparent) !important' },
  '.cm-tooltip': { backgroundColor: 'var(--panel)', color: 'var(--ink)', border: '1px solid var(--line-strong)', borderRadius: '6px', maxWidth: '480px' }, '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px' }, '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'color-mix(in oklab, var(--accent) 22%, var(--panel))', color: 'var(--ink)' }, '.cm-diagnostic': { padding: '6px 10px', fontFamily: 'var(--mantine-font-family)' },
});

export interface YamlEditorProps { value: string; onChange: (text: string) => void; remarks: Remark[]; label: string; readOnly?: boolean; /** asks to look at a remark */ look?: { line: number; nonce: number } | null; /** the line the cursor is on */ onLine?: (line: number) => void; complete?: CompletionSource }

export default function YamlEditor({ value, onChange, remarks, label, readOnly = false, look: at, onLine, complete }: YamlEditorProps) {
  const box = useRef<HTMLDivElement>(null), view = useRef<EditorView | null>(null), tell = useRef(onChange), moved = useRef(onLine), offer = useRef(complete);
  tell.current = onChange; moved.current = onLine; offer.current = complete;
  useEffect(() => {
    const v = new EditorView({
      parent: box.current!,
      state: EditorState.create({
        doc: value,
        extensions: [
          lineNumbers(), foldGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine(), yaml(), colours, look, lintGutter(), indentUnit.of('  '), EditorView.lineWrapping,
          EditorState.readOnly.of(readOnly), EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0', 'aria-readonly': String(readOnly) }), autocompletion({ override: [(c) => offer.current?.(c) ?? null], icons: false }), keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
          EditorView.updateListener.of((u) => { if (u.docChanged) tell.current(u.state.doc.toString()); if (u.selectionSet || u.docChanged) moved.current?.(u.state.doc.lineAt(u.state.selection.main.head).number); }),
        ],
      }),
    });
    view.current = v;
    return () => { v.destroy(); view.current = null; };
    // a new version is another editor; what is typed belongs to this one. What completes it may come later than it
  }, [readOnly, label]);
  useEffect(() => { const v = view.current; if (v && v.state.doc.toString() !== value) v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: value } }); }, [value]);
  useEffect(() => {
    const v = view.current;
    if (!v) return;
    const found: Diagnostic[] = remarks.map((r) => {
      const line = v.state.doc.line(Math.max(1, Math.min(v.state.doc.lines, r.line))), from = Math.min(line.to, line.from + Math.max(0, r.column - 1));
      const to = r.length ? Math.min(line.to, from + r.length) : line.to;
      return { from, to: Math.max(to, from), severity: r.severity === 'warning' ? 'warning' : r.severity === 'hint' ? 'info' : 'error', message: [r.expected && r.expected, r.found && `(${r.found})`, r.fix].filter(Boolean).join(' ') };
    });
    v.dispatch(setDiagnostics(v.state, found));
  }, [remarks]);
  useEffect(() => {
    const v = view.current;
    if (!v || !at) return;
    const line = v.state.doc.line(Math.max(1, Math.min(v.state.doc.lines, at.line)));
    v.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: 'center' }) });
    v.focus();
  }, [at]);
  return <div className="yaml-editor" ref={box} />;
}
