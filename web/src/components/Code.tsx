/* Text with line numbers, read only; YAML gets its keys, strings and comments coloured. */
import type { ReactNode } from 'react';
import { t } from '../i18n';

function yaml(line: string): ReactNode {
  const comment = /^(\s*)(#.*)$/.exec(line);
  if (comment) return <>{comment[1]}<span className="h">{comment[2]}</span></>;
  const key = /^(\s*(?:- )?)([\w.@/-]+|"[^"]*"|'[^']*')(:)(\s.*|)$/.exec(line);
  if (key) return <>{key[1]}<span className="k">{key[2]}</span>{key[3]}<span className="s">{key[4]}</span></>;
  return line;
}

export function Code({ text, label, kind, wrap }: { text: string; label: string; kind?: 'yaml'; wrap?: boolean }) {
  // a document may be one endless line; a segment per line is how people read EDI, but the bytes are shown as they are
  const lines = text.replace(/\r\n?/g, '\n').replace(/\n$/, '').split('\n');
  return <pre className={`code ${wrap ? 'wrap' : ''}`} tabIndex={0} role="region" aria-label={t.list.scroll(label)}>{lines.slice(0, 5000).map((l, i) => <span className="ln" key={i}>{kind === 'yaml' ? yaml(l) : l}{'\n'}</span>)}</pre>;
}
