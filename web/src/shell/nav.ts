/* The places one can go: the side bar and the command palette both read this. */
import { IconAlertTriangle, IconClockExclamation, IconBell, IconArrowsExchange2, IconBiohazard, IconBolt, IconBuildingStore, IconCertificate, IconChartBar, IconChecklist, IconFileDollar, IconFileText, IconFlask, IconGitBranch, IconHandStop, IconPlayerPause, IconLayoutDashboard, IconPackages, IconPlayerPlay, IconPlugConnected, IconPlus, IconReplace, IconRoute, IconShieldCheck, IconTable, type Icon } from '@tabler/icons-react';
import { t } from '../i18n';
import { useSession } from '../lib/session';

export interface Place { to: '/' | '/orders' | '/flow' | '/at-risk' | '/exceptions' | '/approvals' | '/holds' | '/incidents' | '/alerts' | '/new-order' | '/documents' | '/test-bench' | '/going-live' | '/partners' | '/maps' | '/cross-references' | '/definitions' | '/decision-tables' | '/instances' | '/figures' | '/audit' | '/channels' | '/certificates' | '/quarantine' | '/start' | '/quotes'; label: string; icon: Icon; count?: 'cases' | 'approvals' | 'incidents' | 'holds'; key: string; work?: boolean; admin?: boolean }

/** What a partner's own account is offered: its orders, its documents, its way to production. */
export const PARTNER_NAV: { group: string; places: Place[] }[] = [{ group: t.nav.network, places: [
  { to: '/orders', label: t.nav.orders, icon: IconPackages, key: 'o' }, { to: '/documents', label: t.nav.documents, icon: IconFileText, key: 'd' },
  { to: '/test-bench', label: t.bench.title, icon: IconFlask, key: 't' }, { to: '/going-live', label: t.certify.own, icon: IconChecklist, key: 'l' },
] }];

export const NAV: { group: string; places: Place[] }[] = [
  { group: t.nav.operate, places: [
    { to: '/', label: t.nav.board, icon: IconLayoutDashboard, key: 'b' },
    { to: '/orders', label: t.nav.orders, icon: IconPackages, key: 'o' },
    { to: '/flow', label: t.nav.flow, icon: IconRoute, key: 'f' },
    { to: '/at-risk', label: t.risk.title, icon: IconClockExclamation, key: 'j' },
    { to: '/exceptions', label: t.nav.exceptions, icon: IconAlertTriangle, count: 'cases', key: 'e' },
    { to: '/approvals', label: t.nav.approvals, icon: IconChecklist, count: 'approvals', key: 'a' },
    { to: '/holds', label: t.nav.holds, icon: IconHandStop, count: 'holds', key: 'h' },
    { to: '/incidents', label: t.nav.incidents, icon: IconBolt, count: 'incidents', key: 'i' },
    { to: '/alerts', label: t.alerting.title, icon: IconBell, key: 'z' },
    { to: '/new-order', label: t.nav.newOrder, icon: IconPlus, key: 'n', work: true },
    { to: '/quotes', label: t.quotes.title, icon: IconFileDollar, key: 'l' },
    { to: '/start', label: t.start.title, icon: IconPlayerPlay, key: 's', work: true },
  ] },
  { group: t.nav.network, places: [{ to: '/documents', label: t.nav.documents, icon: IconFileText, key: 'd' }, { to: '/partners', label: t.partners.title, icon: IconBuildingStore, key: 'p' }, { to: '/channels', label: t.transports.title, icon: IconPlugConnected, key: 'c', admin: true }, { to: '/certificates', label: t.certs.title, icon: IconCertificate, key: 'y', admin: true }, { to: '/quarantine', label: t.quarantine.title, icon: IconBiohazard, key: 'q' }, { to: '/test-bench', label: t.bench.title, icon: IconFlask, key: 't', work: true }, { to: '/maps', label: t.maps.title, icon: IconArrowsExchange2, key: 'm' }, { to: '/cross-references', label: t.xref.title, icon: IconReplace, key: 'x' }] },
  { group: t.nav.design, places: [{ to: '/definitions', label: t.nav.definitions, icon: IconGitBranch, key: 'w' }, { to: '/decision-tables', label: t.tables.title, icon: IconTable, key: 'v' }, { to: '/instances', label: t.nav.instances, icon: IconPlayerPause, key: 'r' }] },
  { group: t.nav.govern, places: [{ to: '/figures', label: t.figures.title, icon: IconChartBar, key: 'k' }, { to: '/audit', label: t.nav.audit, icon: IconShieldCheck, key: 'u' }] },
];

/** Without what only an administrator may see. */
export function useNav() {
  const role = useSession().role;
  if (role === 'partner') return PARTNER_NAV;
  return role === 'admin' ? NAV : NAV.map((g) => ({ ...g, places: g.places.filter((p) => !p.admin) }));
}
