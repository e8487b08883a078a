/* From an order to a process about it: a return, a dispute. Shown to who may start them. */
import { IconArrowBackUp, IconReceiptRefund } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { q } from '../api/queries';
import { t } from '../i18n';
import { LinkButton } from './Bits';

const KNOWN = { 'request-return': { label: t.start.returned, icon: IconArrowBackUp }, 'request-dispute': { label: t.start.dispute, icon: IconReceiptRefund } } as const;

export function StartButtons({ order, shipped, invoiced }: { order: string; shipped: boolean; invoiced: boolean }) {
  const { data } = useQuery({ ...q.starts(), staleTime: 60_000 });
  const offered = (data?.items ?? []).filter((s) => s.may && ((s.name === 'request-return' && shipped) || (s.name === 'request-dispute' && invoiced)));
  return offered.map((s) => {
    const { label, icon: Icon } = KNOWN[s.name as keyof typeof KNOWN];
    return <LinkButton key={s.name} variant="default" size="compact-xs" leftSection={<Icon size={13} />} to="/start/$namespace/$name" params={{ namespace: s.namespace, name: s.name }} search={{ about: order }}>{label}</LinkButton>;
  });
}
