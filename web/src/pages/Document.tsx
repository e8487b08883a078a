/* One document: its bytes as they came, what was read from them, what it means; side by side, with the errors on top. */
import { useState } from 'react';
import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Json } from '../api/types';
import { t, word } from '../i18n';
import { bytes, money } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useCanWork } from '../lib/session';
import { Copy, Empty, Facts, Failed, Panel, Pill, Rows, When } from '../components/Bits';
import { Code } from '../components/Code';
import { Findings } from '../components/Findings';
import { JsonView } from '../components/JsonView';
import { PageHead } from '../components/PageHead';

const nothing = (j: Json) => j === null || (typeof j === 'object' && Object.keys(j).length === 0);

export function DocumentPage() {
  const { id = '' } = useParams({ strict: false });
  const { data: d, error, refetch } = useQuery(q.document(id));
  const qc = useQueryClient(), may = useCanWork();
  const [busy, setBusy] = useState(false);
  const head = <PageHead title={d ? word(t.docTypes, d.type) : t.documents.details} crumbs={[{ label: t.documents.title, to: '/documents' }]} after={d && <Pill of={d.status} />} />;
  if (!d) return <div className="page">{head}<div className="panel">{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows n={12} />}</div></div>;
  const release = async () => {
    setBusy(true);
    try { await act.releaseDocument(d.id); done(t.documents.released, d.filename ?? ''); } catch (e) { failed(t.documents.releaseFailed, e); }
    setBusy(false);
    void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/documents') });
  };
  const tree = (title: string, of: Json, empty: string) => <Panel title={title}>{nothing(of) ? <Empty title={empty} /> : <div className="body" tabIndex={0} role="region" aria-label={t.list.scroll(title)}><JsonView of={of} /></div>}</Panel>;
  return (
    <div className="page">
      {head}
      <Panel title={d.filename ?? word(t.docTypes, d.type)} label={t.documents.details} right={<>
        {d.status === 'held' && may && <Button size="compact-sm" loading={busy} title={t.documents.releaseBody} onClick={() => void release()}>{t.documents.release}</Button>}
        <Button size="compact-sm" variant="default" component="a" href={`/api/documents/${encodeURIComponent(d.id)}/raw`} download={d.filename ?? true} leftSection={<IconDownload size={13} />}>{t.documents.download}</Button>
      </>}>
        <div className="body"><Facts of={[
          [t.documents.partner, d.partner && <span title={d.partner}>{d.partner_name ?? d.partner}</span>], [t.documents.direction, d.direction === 'in' ? t.documents.in : t.documents.out], [t.documents.format, word(t.formats, d.format)], [t.documents.received, <When at={d.received_at} />],
          [t.documents.order, d.order && <Link className="mono" to="/orders/$order" params={{ order: d.order }}>{d.order}</Link>], [t.documents.po, d.po && <span className="mono">{d.po}</span>], [t.documents.total, money(d.total, d.currency)], [t.documents.size, `${bytes(d.raw.size_bytes)}, ${d.raw.media_type}`],
          ...(d.sender ? [[t.documents.sender, <span className="mono">{d.sender}</span>] as [string, React.ReactNode]] : []), ...(d.control ? [[t.documents.control, <span className="mono">{d.control}</span>] as [string, React.ReactNode]] : []),
          ...(d.acknowledgements.length ? [[t.documents.acks, d.acknowledgements.map((a, i) => <Link key={a} to="/documents/$id" params={{ id: a }}>{t.documents.ack(i + 1, d.acknowledgements.length)} </Link>)] as [string, React.ReactNode]] : []),
        ]} /></div>
      </Panel>
      {d.errors.length > 0 && <Panel title={t.documents.errorsTitle(d.errors.length)}><Findings of={d.errors} /></Panel>}
      {!!d.notes?.length && <Panel title={t.documents.notes} count={d.notes.length}><Findings of={d.notes} /></Panel>}
      <div className="side3">
        <Panel title={t.documents.raw} right={d.raw.text !== null && <Copy text={d.raw.text} label={t.documents.copyRaw} />}>{d.raw.text === null ? <Empty title={t.documents.binary} /> : <Code text={d.raw.text} label={t.documents.raw} wrap />}</Panel>
        {tree(t.documents.parsed, d.parsed, t.documents.noParsed)}
        {tree(t.documents.canonical, d.canonical, t.documents.noCanonical)}
      </div>
    </div>
  );
}
