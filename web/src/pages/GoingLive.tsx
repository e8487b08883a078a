/* A partner's own way to production: what is asked, what it sent with its errors in words, and sending the next one. */
import { useState } from 'react';
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { act } from '../api/actions';
import { ApiError } from '../api/client';
import { q } from '../api/queries';
import { t, word } from '../i18n';
import { done, failed } from '../lib/notify';
import { Empty, Failed, LinkButton, Panel, Pill, Rows } from '../components/Bits';
import { Checklist, TestDocuments } from '../components/Checklist';
import { IntakeDrop } from '../components/Intake';
import { PageHead } from '../components/PageHead';

export function GoingLive() {
  const qc = useQueryClient();
  const { data: c, error, isPending, refetch } = useQuery(q.ownCertification());
  const [busy, setBusy] = useState(false);
  const head = <PageHead title={t.certify.own} after={c && <Pill of={c.state === 'live' ? 'ok' : c.state === 'ready' ? 'pending' : 'test'} label={word(t.certify.states, c.state)} />} />;
  if (isPending) return <div className="page">{head}<div className="panel"><Rows n={8} /></div></div>;
  if (error instanceof ApiError && error.status === 404) return <div className="page">{head}<div className="panel"><Empty title={t.certify.inProduction} action={<LinkButton to="/documents" variant="default">{t.documents.title}</LinkButton>}>{t.certify.inProductionWhy}</Empty></div></div>;
  if (error) return <div className="page">{head}<div className="panel"><Failed error={error} retry={() => void refetch()} /></div></div>;
  if (!c) return <div className="page">{head}<div className="panel"><Empty title={t.certify.notAPartner}>{t.certify.notAPartnerWhy}</Empty></div></div>;
  const order = c.documents.find((d) => d.counts && /^(850|ORDERS|order|Order|OrderRequest)$/.test(d.type));
  const samples = async () => { if (!order) return; setBusy(true); try { done(t.certify.gotSamples((await act.samples(order.document)).length)); } catch (e) { failed(t.certify.samplesFailed, e); } setBusy(false); };
  return (
    <div className="page">
      {head}
      <p className="note">{c.state === 'live' ? t.certify.ownLive : c.state === 'ready' ? t.certify.ownReady : t.certify.ownLead}</p>
      <IntakeDrop own taken={() => void qc.invalidateQueries({ queryKey: ['/partner/certification'] })} />
      <Panel title={t.certify.title} right={<>{order && <Button size="compact-sm" variant="default" loading={busy} onClick={() => void samples()}>{t.certify.samples}</Button>}<LinkButton size="compact-sm" variant="default" to="/documents">{t.documents.title}</LinkButton></>}><Checklist of={c} /></Panel>
      <Panel title={t.certify.tests} count={c.documents.length}><TestDocuments of={c} linked /></Panel>
    </div>
  );
}
