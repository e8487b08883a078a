/* What may be done to one exception: its own actions as the server lists them, then take, snooze, reopen.
   An action that needs input opens the form of the values that may be corrected. */
import { useState } from 'react';
import { ActionIcon, Button, Menu, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconAlarmSnooze, IconArrowBackUp, IconDots, IconPlayerPlay, IconUserCheck, IconUserMinus } from '@tabler/icons-react';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Case, CaseAction, Json } from '../api/types';
import { t } from '../i18n';
import { HOUR_MS, useCaseWork } from '../lib/cases';
import { done, failed } from '../lib/notify';
import { useCanWork, useSession } from '../lib/session';
import { Rows } from './Bits';
import { Modal } from './Dialog';
import { EditForm } from './EditForm';

export function CaseMenu({ of: c, opened, onChange }: { of: Case; opened?: boolean; onChange?: (o: boolean) => void }) {
  const [chosen, choose] = useState<CaseAction | null>(null);
  const may = useCanWork();
  if (!may) return null;
  return (
    <>
      <Menu position="bottom-end" opened={opened} onChange={onChange} withinPortal returnFocus>
        <Menu.Target><ActionIcon size="sm" aria-label={`${t.cases.actions} ${c.number}`}><IconDots size={15} /></ActionIcon></Menu.Target>
        <Menu.Dropdown><CaseMenuItems of={c} choose={choose} /></Menu.Dropdown>
      </Menu>
      {chosen && <ResolveDialog of={c} action={chosen} close={() => choose(null)} />}
    </>
  );
}

function CaseMenuItems({ of: c, choose }: { of: Case; choose: (a: CaseAction) => void }) {
  const work = useCaseWork();
  const { user } = useSession();
  return (
    <>
      {c.status !== 'closed' && c.actions.map((a) => <Menu.Item key={a.id} leftSection={<IconPlayerPlay size={14} />} onClick={() => choose(a)}><span>{a.label}</span><br /><span className="muted small">{a.effect}{a.needs_input && ` · ${t.cases.needsInput}`}</span></Menu.Item>)}
      {c.status !== 'closed' && c.actions.length > 0 && <Menu.Divider />}
      {c.status === 'open' && c.owner !== user && <Menu.Item leftSection={<IconUserCheck size={14} />} onClick={() => void work.assign(c)}>{t.cases.take}</Menu.Item>}
      {c.status === 'open' && c.owner && <Menu.Item leftSection={<IconUserMinus size={14} />} onClick={() => void work.assign(c, null)}>{t.cases.drop}</Menu.Item>}
      {c.status === 'open' && ([[t.cases.snooze1, 1], [t.cases.snooze4, 4], [t.cases.snoozeDay, 24]] as const).map(([l, h]) => <Menu.Item key={h} leftSection={<IconAlarmSnooze size={14} />} onClick={() => void work.snooze(c, h * HOUR_MS)}>{t.cases.snooze}: {l.toLowerCase()}</Menu.Item>)}
      {c.status !== 'open' && <Menu.Item leftSection={<IconArrowBackUp size={14} />} onClick={() => void work.reopen(c)}>{c.status === 'snoozed' ? t.cases.wake : t.cases.reopen}</Menu.Item>}
    </>
  );
}

export function ResolveDialog({ of: c, action, close }: { of: Case; action: CaseAction; close: () => void }) {
  const work = useCaseWork();
  const { data: full, error } = useQuery({ ...q.case(c.id), enabled: action.needs_input });
  const [note, setNote] = useState(''), [data, setData] = useState<Json | undefined>(), [valid, setValid] = useState(true), [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    try {
      await act.resolve(c.id, action.id, note, action.needs_input ? data ?? full?.data : undefined);
      work.refresh(c);
      done(t.cases.resolved(c.number, action.label), action.effect);
      close();
    } catch (e) { failed(t.cases.resolveFailed(c.number), e); setBusy(false); }
  };
  const waiting = action.needs_input && !full;
  return (
    <Modal opened onClose={close} title={`${c.number}: ${action.label}`} size={action.needs_input ? 'lg' : 'md'} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form onSubmit={(e) => { e.preventDefault(); void go(); }} className="stack">
        <p><strong>{c.title}</strong><br /><span className="muted">{action.effect}</span></p>
        {action.needs_input && (full ? <EditForm data={full.data} pointers={full.editable} onChange={(d, ok) => { setData(d); setValid(ok); }} /> : error ? <p role="alert">{error.message}</p> : <Rows n={3} />)}
        <Textarea label={t.cases.note} placeholder={t.cases.notePlace} value={note} onChange={(e) => setNote(e.currentTarget.value)} autosize minRows={2} data-autofocus={!action.needs_input || undefined} />
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy} disabled={waiting || !valid}>{action.label}</Button></div>
      </form>
    </Modal>
  );
}
