/* One message to all whom an outage holds up: written, shown as each would read it, sent once, and listed. */
import { useState } from 'react';
import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { OutageMessage } from '../api/types';
import { t, word } from '../i18n';
import { dateTime } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useCanWork } from '../lib/session';
import { Panel, When } from './Bits';

export function TellAll({ incident }: { incident: string }) {
  const may = useCanWork(), qc = useQueryClient();
  const { data: sent } = useQuery(q.outageMessages(incident));
  const [subject, setSubject] = useState(t.telling.subjectStart), [body, setBody] = useState(t.telling.bodyStart), [audience, setAudience] = useState('customers');
  const [shown, setShown] = useState<OutageMessage | null>(null), [busy, setBusy] = useState(false);
  const change = (f: () => void) => { f(); setShown(null); };
  const run = async (work: () => Promise<void>) => { setBusy(true); try { await work(); } catch (e) { failed(t.telling.failed, e); setShown(null); } setBusy(false); };
  const show = () => run(async () => setShown(await act.showOutageMessage(incident, { subject, body, audience })));
  const send = () => run(async () => {
    const told = await act.tellOutage(incident, { subject, body, audience, token: shown!.token });
    done(t.telling.sent(told.told.length), subject);
    setShown(null);
    void qc.invalidateQueries({ queryKey: [`/incidents/${encodeURIComponent(incident)}/messages`] });
  });
  const letters = shown?.letters.filter((x) => x.to) ?? [];
  return (
    <>
      {may && <Panel title={t.telling.title}>
        <form className="body stack" aria-label={t.telling.title} onSubmit={(e) => { e.preventDefault(); void show(); }}>
          <p className="muted">{t.telling.lead}</p>
          <NativeSelect label={t.telling.to} value={audience} onChange={(e) => { const v = e.currentTarget.value; change(() => setAudience(v)); }} data={Object.entries(t.telling.audiences).map(([value, label]) => ({ value, label }))} />
          <TextInput label={t.telling.subject} value={subject} onChange={(e) => { const v = e.currentTarget.value; change(() => setSubject(v)); }} required />
          <Textarea label={t.telling.body} value={body} onChange={(e) => { const v = e.currentTarget.value; change(() => setBody(v)); }} autosize minRows={5} maxRows={14} required />
          {shown && <div role="status" className="stack" aria-label={t.telling.shown}>
            {shown.sent_at && <p className="note">{t.telling.already(dateTime(shown.sent_at))}</p>}
            {shown.left_out.length > 0 && <p className="note">{t.telling.leftOut(shown.left_out.join(', '))}</p>}
            {letters.map((x) => <details key={x.to}><summary><strong>{x.name}</strong> <span className="muted">{x.to} · {t.telling.orders(x.orders.length)}</span></summary><p><strong>{x.subject}</strong></p><pre style={{ whiteSpace: 'pre-wrap', font: 'inherit' }}>{x.body}</pre></details>)}
          </div>}
          <div className="buttons"><Button type="submit" variant="default" loading={busy}>{t.telling.preview}</Button><Button disabled={!shown || !!shown.sent_at || letters.length === 0} loading={busy} onClick={() => void send()}>{t.telling.send(letters.length)}</Button></div>
        </form>
      </Panel>}
      <Panel title={t.telling.told} count={sent?.length}>
        {!sent?.length ? <p className="body muted">{t.telling.none}</p> : <ul className="list">{sent.map((m) => <li key={m.token}><div className="a"><strong>{m.subject}</strong><span className="muted">{word(t.telling.audiences, m.audience)}: {m.told.join(', ') || '–'}</span>{m.left_out.length > 0 && <span className="bad">{t.telling.leftOut(m.left_out.join(', '))}</span>}<span className="muted">{m.by}</span><When at={m.at} /><Link to="/exceptions/$id" params={{ id: m.case }}>{t.telling.cases}</Link></div></li>)}</ul>}
      </Panel>
    </>
  );
}
