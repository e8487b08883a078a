/* One document: its bytes as they came, what was read from them, what it means; side by side, with the errors in place.
   Of one we sent also what became of it, and sending it again. */
import { useState, type ReactNode } from 'react';
import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import { t, word } from '../i18n';
import { bytes, fullTime, money } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useCanWork } from '../lib/session';
import { Facts, Failed, Hints, Panel, Rows, When } from '../components/Bits';
import { CorrectDialog, type Chosen } from '../components/CorrectDialog';
import { Findings } from '../components/Findings';
import { PageHead } from '../components/PageHead';
import { Reading } from '../components/Reading';
import { SentPanel } from '../components/SentPanel';
import { DocState } from './Documents';

type Fact = [string, ReactNode];

export function DocumentPage() {
  const { id = '' } = useParams({ strict: false });
  const { data: d, error, refetch } = useQuery(q.document(id));
  const { data: origins } = useQuery({ ...q.origins(id), enabled: !!d && d.direction === 'in' && d.canonical !== null });
  const qc = useQueryClient(), may = useCanWork();
  const [busy, setBusy] = useState(false), [correcting, correct] = useState<Chosen | null>(null);
  const { data: edits } = useQuery({ ...q.edits(id), enabled: !!d && d.direction === 'in' && may });
  const name = d && word(t.docTypes, d.type);
  const head = <PageHead title={d ? [name, d.number ?? d.po].filter(Boolean).join(' ') : t.documents.details} crumbs={[{ label: t.documents.title, to: '/documents' }]} after={d && <DocState of={d} />} />;
  if (!d) return <div className="page">{head}<div className="panel">{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows n={12} />}</div></div>;
  const release = async () => {
    setBusy(true);
    try { await act.releaseDocument(d.id); done(t.documents.released, d.filename ?? ''); } catch (e) { failed(t.documents.releaseFailed, e); }
    setBusy(false);
    void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/documents') });
  };
  const mono = (v: string | null | undefined) => v && <span className="mono">{v}</span>;
  const given = (facts: Fact[]) => facts.filter(([, v]) => v);
  return (
    <div className="page document">
      {head}
      <Panel title={d.filename ?? name} label={t.documents.details} right={<>
        {d.status === 'held' && may && <Button size="compact-sm" loading={busy} title={t.documents.releaseBody} onClick={() => void release()}>{t.documents.release}</Button>}
        <Button size="compact-sm" variant="default" component="a" href={`/api/documents/${encodeURIComponent(d.id)}/raw`} download={d.filename ?? true} leftSection={<IconDownload size={13} />}>{t.documents.download}</Button>
      </>}>
        <div className="body"><Facts of={given([
          [t.documents.partner, d.partner && <Link className="quiet" to="/documents" search={{ partner: d.partner }} title={d.partner}>{d.partner_name ?? d.partner}</Link>], [t.documents.direction, d.direction === 'in' ? t.documents.in : t.documents.out], [t.documents.format, <>{word(t.formats, d.format)}{d.test && <> <span className="pill">{t.documents.test}</span></>}</>],
          [d.direction === 'in' ? t.documents.received : t.documents.sentAt, <When at={d.received_at} />], [t.documents.parts, d.parts.length > 0 && <>{d.parts.map((p) => <Link key={p.order} className="mono" to="/orders/$order" params={{ order: p.order }} title={t.chain.place(p.ship_to)}>{p.order} </Link>)}</>],
          [t.documents.partOf, d.part_of && <Link to="/documents/$id" params={{ id: d.part_of }}>{t.documents.whole}</Link>], [t.documents.order, d.order && d.parts.length === 0 && <Link className="mono" to="/orders/$order" params={{ order: d.order }}>{d.order}</Link>],
          [t.documents.po, d.po && <Link className="mono" to="/documents" search={{ po: d.po }} title={t.documents.allOf}>{d.po}</Link>], [t.documents.total, d.total && money(d.total, d.currency)], [t.documents.sender, mono(d.sender)], [t.documents.receiver, mono(d.receiver)], [t.documents.control, mono(d.control)],
          [t.documents.channel, d.channel], [t.documents.size, `${bytes(d.raw.size_bytes)}, ${d.raw.media_type}`],
          [t.correct.corrects, edits?.edits[0] && <Link to="/documents/$id" params={{ id: edits.edits[0].original }}>{t.correct.original}</Link>], [t.correct.changed, edits && edits.edits.length > 0 && <span className="mono">{edits.edits.map((e) => `${e.before} → ${e.after}`).join(', ')}</span>],
          [t.correct.correctedBy, edits?.corrected_by && <Link to="/documents/$id" params={{ id: edits.corrected_by }}>{t.correct.later}</Link>],
          [t.documents.releasedBy, d.released_by && `${d.released_by}, ${fullTime(d.released_at)}`],
          [t.documents.acks, d.acknowledgements.length > 0 && <>{d.acknowledgements.map((a, i) => <Link key={a} to="/documents/$id" params={{ id: a }}>{t.documents.ack(i + 1, d.acknowledgements.length)} </Link>)}</>],
        ])} /></div>
      </Panel>
      {d.state && <SentPanel id={d.id} />}
      {d.errors.length > 0 && <Panel title={t.documents.errorsTitle(d.errors.length)}><Findings of={d.errors} /></Panel>}
      <Reading text={d.raw.text} format={d.format} parsed={d.parsed} canonical={d.canonical} errors={d.errors} notes={d.notes ?? []} origins={origins} correct={may && d.direction === 'in' && (d.status === 'held' || d.status === 'rejected') ? correct : undefined} />
      {!!d.notes?.length && <Panel title={t.documents.notes} count={d.notes.length}><Findings of={d.notes} /></Panel>}
      {correcting && <CorrectDialog document={d.id} at={correcting} close={() => correct(null)} />}
      {d.errors.length + (d.notes?.length ?? 0) > 0 && <Hints of={[[['N', 'P'], t.keys.findings]]} />}
    </div>
  );
}
