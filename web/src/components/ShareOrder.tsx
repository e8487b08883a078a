/* Giving a customer a link to its order: made for some days, shown once, listed with how often it was opened, ended at once. */
import { useState } from 'react';
import { Button, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { IconExternalLink, IconShare } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { OrderDetail } from '../api/types';
import { t, word } from '../i18n';
import { done, failed } from '../lib/notify';
import { useCanOperate } from '../lib/session';
import { Copy, Failed, Pill, Rows, When } from './Bits';
import { Modal } from './Dialog';

const TONE: Record<string, string> = { active: 'ok', over: 'expired', ended: 'cancelled' };

export function ShareAction({ order: o }: { order: OrderDetail }) {
  const [open, show] = useState(false), may = useCanOperate();
  if (!may) return null;
  return <><Button variant="default" size="xs" leftSection={<IconShare size={14} />} onClick={() => show(true)}>{t.share.button}</Button>{open && <ShareDialog order={o.order} close={() => show(false)} />}</>;
}

function ShareDialog({ order, close }: { order: string; close: () => void }) {
  const qc = useQueryClient(), links = q.orderLinks(order);
  const { data, error, refetch } = useQuery(links);
  const [days, setDays] = useState<number | string>(30), [language, setLanguage] = useState(''), [note, setNote] = useState(''), [busy, setBusy] = useState(false), [link, setLink] = useState('');
  const make = async () => {
    setBusy(true);
    try {
      const made = await act.shareOrder(order, { days: Number(days), note: note.trim(), ...(language ? { language } : {}) });
      setLink(made.link.startsWith('/') ? location.origin + made.link : made.link);
      setNote('');
      done(t.share.made, t.share.madeBody);
      void qc.invalidateQueries({ queryKey: links.queryKey });
    } catch (e) { failed(t.share.failed, e); } finally { setBusy(false); }
  };
  const end = async (id: string) => {
    try { await act.endLink(order, id); done(t.share.ended); void qc.invalidateQueries({ queryKey: links.queryKey }); setLink(''); } catch (e) { failed(t.share.endFailed, e); }
  };
  return (
    <Modal opened onClose={close} size="lg" title={t.share.title(order)} closeButtonProps={{ 'aria-label': t.act.close }}>
      <div className="stack">
        <p>{t.share.lead}</p>
        <form className="share-form" onSubmit={(e) => { e.preventDefault(); void make(); }}>
          <NumberInput label={t.share.days} min={1} max={180} value={days} onChange={setDays} suffix={` ${t.figures.days}`} required />
          <NativeSelect label={t.share.language} value={language} onChange={(e) => setLanguage(e.currentTarget.value)} data={[{ value: '', label: t.share.asWritten }, ...Object.entries(t.share.languages).map(([value, label]) => ({ value, label }))]} />
          <TextInput label={t.share.note} value={note} maxLength={200} onChange={(e) => setNote(e.currentTarget.value)} />
          <Button type="submit" loading={busy} disabled={!Number(days)}>{t.share.make}</Button>
        </form>
        {link && <div className="note ok share-link" role="status"><TextInput aria-label={t.share.link} value={link} readOnly onFocus={(e) => e.currentTarget.select()} rightSection={<Copy text={link} label={t.share.copy} />} /><Button component="a" href={link} target="_blank" rel="noreferrer noopener" variant="default" leftSection={<IconExternalLink size={14} />}>{t.share.look}</Button></div>}
        <section aria-label={t.share.list}><h3>{t.share.list}</h3>
          {!data ? error ? <Failed error={error} retry={() => void refetch()} /> : <Rows n={2} /> : data.items.length === 0 ? <p className="muted">{t.share.none}</p> : (
            <ul className="list">{data.items.map((l) => <li key={l.id}><div className="a"><span>{l.note || word(t.share.languages, l.language)}</span><span className="muted small">{t.share.by(l.by)}, <When at={l.made_at} /> · {t.share.until} <When at={l.expires_at} /> · {t.share.opened(l.opened)}{l.opened_at && <>, {t.share.last} <When at={l.opened_at} /></>}</span><span className="buttons"><Pill of={TONE[l.state]} label={word(t.share.states, l.state)} />{l.state === 'active' && <Button size="compact-xs" variant="default" aria-label={t.share.endOf(l.note || l.language)} onClick={() => void end(l.id)}>{t.share.end}</Button>}</span></div></li>)}</ul>
          )}
        </section>
      </div>
    </Modal>
  );
}
