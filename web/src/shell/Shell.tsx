/* The frame around every page: side bar with live counts, top bar with tenant, clock, search; one live stream below it all. */
import { useEffect, useRef, useState } from 'react';
import { AppShell, Avatar, Burger, Button, Menu, Select, Tooltip, ActionIcon, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import { IconArrowsExchange, IconBell, IconChevronUp, IconKeyboard, IconLanguage, IconLogout, IconMoon, IconSearch, IconSun } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouter, useRouterState } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import { choose, language, LANGUAGES, t, word } from '../i18n';
import { applyBrand } from '../lib/brand';
import { clockKnown, clockRate, useClockSync, useNow } from '../lib/clock';
import { clock, dateTime, dayOf, initials, num, chosenZone, setTimeZone } from '../lib/format';
import { useKeys } from '../lib/keys';
import { useLive, useLiveState } from '../lib/live';
import { done, failed, undoLast } from '../lib/notify';
import { useCanWork, useSession } from '../lib/session';
import { KeyHelp } from './KeyHelp';
import { useNav } from './nav';
import { Palette } from './Palette';

export function Shell() {
  const s = useSession();
  const [menu, { toggle, close }] = useDisclosure(false), [help, setHelp] = useState(false);
  const path = useRouterState({ select: (r) => r.location.pathname });
  useLive(s.tenant);
  useClockSync();
  setTimeZone(chosenZone(s.time_zone));
  useEffect(() => { applyBrand(s.brand.color); }, [s.brand.color]);
  useGoKeys(() => setHelp(true));
  // a new page: close the phone's menu, and put keyboard and screen reader at the content
  const first = useRef(true);
  useEffect(() => {
    close();
    if (first.current) { first.current = false; return; }
    document.getElementById('main')?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path, close]);
  return (
    <AppShell header={{ height: 52 }} navbar={{ width: 216, breakpoint: 'sm', collapsed: { mobile: !menu } }} layout="alt" padding={0}>
      <a href="#main" className="skip">{t.nav.skip}</a>
      <AppShell.Navbar className="nav"><Side onMenu={toggle} menu={menu} onHelp={() => setHelp(true)} /></AppShell.Navbar>
      <AppShell.Header className="top"><Top onMenu={toggle} menu={menu} /></AppShell.Header>
      <AppShell.Main id="main" tabIndex={-1}><Outlet /></AppShell.Main>
      <Palette />
      <KeyHelp opened={help} close={() => setHelp(false)} />
    </AppShell>
  );
}

/** G then a letter goes to a page; ? shows all shortcuts. */
function useGoKeys(help: () => void) {
  const go = useNavigate();
  const places = useNav(), nav = useRef(places), pending = useRef(0);
  nav.current = places;
  useKeys({ '?': help, u: undoLast, g: () => { pending.current = Date.now(); } });
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (Date.now() - pending.current > 1200 || e.ctrlKey || e.metaKey || e.altKey || e.key === 'g') return;
      pending.current = 0;
      const place = nav.current.flatMap((g) => g.places).find((p) => p.key === e.key);
      if (place) { e.preventDefault(); e.stopPropagation(); void go({ to: place.to }); }
    };
    window.addEventListener('keydown', press, true); // before a page's own single keys
    return () => window.removeEventListener('keydown', press, true);
  }, [go]);
}

function useCounts() {
  const total = { select: (l: { total: number }) => l.total };
  return {
    cases: useQuery({ ...q.count('/cases', { status: 'open' }), ...total }).data,
    approvals: useQuery({ ...q.count('/approvals', { status: 'pending' }), ...total }).data,
    incidents: useQuery({ ...q.count('/incidents', { status: 'open' }), ...total }).data,
    holds: useQuery({ ...q.count('/holds', { status: 'active' }), ...total }).data,
  };
}

function Side({ onMenu, menu, onHelp }: { onMenu: () => void; menu: boolean; onHelp: () => void }) {
  const s = useSession(), nav = useNav(), counts = useCounts(), may = useCanWork();
  const qc = useQueryClient(), router = useRouter();
  const signOut = async () => {
    try { await act.signOut(); } catch (e) { failed(t.shell.signOut, e); return; }
    qc.setQueryData(q.session().queryKey, null);
    router.history.push('/sign-in');
    qc.removeQueries({ predicate: (x) => x.queryKey[0] !== '/session' });
  };
  return (
    <>
      <div className="brand"><i><IconArrowsExchange size={15} stroke={2.4} /></i><b>{s.brand.name || t.app}</b><Burger hiddenFrom="sm" opened={menu} onClick={onMenu} size="xs" color="#fff" aria-label={t.nav.closeMenu} /></div>
      <Tenants className="tenants-side" />
      <nav aria-label={t.nav.main}>
        {nav.map(({ group, places }) => (
          <div key={group}>
            <h2>{group}</h2>
            {places.filter((p) => !p.work || may).map((p) => {
              const n = p.count ? counts[p.count] : undefined;
              return <Link key={p.to} to={p.to} activeOptions={{ exact: p.to === '/', includeSearch: false }}><p.icon size={16} stroke={1.7} aria-hidden />{p.label}{!!n && <span className={`n num ${p.count === 'cases' || p.count === 'incidents' ? 'hot' : ''}`}>{num(n)}</span>}</Link>;
            })}
          </div>
        ))}
      </nav>
      <footer>
        <Menu position="top-start" width={200}>
          <Menu.Target><button type="button" className="me" aria-label={`${t.shell.account}: ${s.name}`}><Avatar size={26} radius="xl" color="gray.3" variant="filled" autoContrast aria-hidden>{initials(s.name || s.user)}</Avatar><span>{s.name || s.user}<br /><span className="role">{word(t.roles, s.role)}</span></span><IconChevronUp size={14} aria-hidden /></button></Menu.Target>
          <Menu.Dropdown>
            {LANGUAGES.filter((l) => l !== language).map((l) => <Menu.Item key={l} lang={l} leftSection={<IconLanguage size={15} />} onClick={() => choose(l)}>{word(t.language.names, l)}</Menu.Item>)}
            <Menu.Item leftSection={<IconKeyboard size={15} />} rightSection={<kbd>?</kbd>} onClick={onHelp}>{t.shell.keys}</Menu.Item>
            <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => void signOut()}>{t.shell.signOut}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </footer>
    </>
  );
}

function Top({ onMenu, menu }: { onMenu: () => void; menu: boolean }) {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  return (
    <>
      <Burger hiddenFrom="sm" opened={menu} onClick={onMenu} size="xs" aria-label={t.nav.menu} />
      <div id="page-head" />
      <span className="push" />
      <Tenants className="tenants" />
      <LiveClock />
      <Button className="find" variant="default" size="xs" leftSection={<IconSearch size={14} />} rightSection={<kbd>Ctrl K</kbd>} onClick={spotlight.open}>{t.shell.search}</Button>
      <ActionIcon className="find-s" aria-label={t.shell.searchShort} onClick={spotlight.open}><IconSearch size={17} stroke={1.7} /></ActionIcon>
      <Alerts />
      <Tooltip label={dark ? t.shell.light : t.shell.dark}><ActionIcon aria-label={dark ? t.shell.light : t.shell.dark} onClick={() => setColorScheme(dark ? 'light' : 'dark')}>{dark ? <IconSun size={17} stroke={1.7} /> : <IconMoon size={17} stroke={1.7} />}</ActionIcon></Tooltip>
    </>
  );
}

function Tenants({ className }: { className: string }) {
  const s = useSession();
  const qc = useQueryClient(), go = useNavigate();
  const [busy, setBusy] = useState(false);
  if (s.tenants.length < 2) return null;
  const choose = async (id: string | null) => {
    if (!id || id === s.tenant) return;
    setBusy(true);
    try {
      await act.switchTenant(id);
      // nothing of the tenant before may stay on the page: away from its records, then forget everything
      await go({ to: '/' });
      await qc.cancelQueries();
      await qc.fetchQuery({ ...q.session(), staleTime: 0 });
      qc.removeQueries({ predicate: (x) => x.queryKey[0] !== '/session' });
      await qc.invalidateQueries();
      done(t.shell.switched(s.tenants.find((x) => x.id === id)?.name ?? id));
    } catch (e) { failed(t.shell.switchFailed, e); } finally { setBusy(false); }
  };
  return <Select className={className} size="xs" aria-label={t.shell.tenant} data={s.tenants.map((x) => ({ value: x.id, label: x.name }))} value={s.tenant} onChange={(v) => void choose(v)} allowDeselect={false} disabled={busy} comboboxProps={{ withinPortal: true }} />;
}

function LiveClock() {
  const now = new Date(useNow()).toISOString(), rate = clockRate(), live = useLiveState();
  const say = live === 'live' ? t.shell.live : live === 'connecting' ? t.shell.connecting : t.shell.off;
  return (
    <>
      {clockKnown() && <Tooltip label={rate === 1 ? t.shell.real : t.shell.simulated(num(Math.round(rate * 10) / 10))}><span className="clock num" tabIndex={0} role="timer" aria-label={t.shell.clock}><span className="day">{dayOf(now)}</span> {clock(now)}{rate !== 1 && <em>{rate === 0 ? t.shell.stopped : `×${num(Math.round(rate))}`}</em>}</span></Tooltip>}
      <span className="live" data-state={live} role="status" title={say}><span>{say}</span></span>
    </>
  );
}

function Alerts() {
  const router = useRouter();
  const { data } = useQuery(q.alerts());
  const firing = data?.items.filter((a) => a.state === 'firing').length ?? 0;
  const label = firing ? t.shell.alertsFiring(firing) : t.shell.alerts;
  return (
    <Menu position="bottom-end" width={320}>
      <Menu.Target><ActionIcon aria-label={label} title={label} className={firing ? 'firing' : ''}><IconBell size={17} stroke={1.7} /></ActionIcon></Menu.Target>
      <Menu.Dropdown>
        {!data?.items.length && <Menu.Label>{t.shell.noAlerts}</Menu.Label>}
        {data?.items.slice(0, 12).map((a) => <Menu.Item key={a.id} disabled={!a.link} onClick={() => a.link && router.history.push(a.link)}><strong className={a.state === 'firing' ? 'bad' : ''}>{a.title}</strong><br /><span className="muted small num">{dateTime(a.at)}{a.state === 'resolved' && ` · ${t.shell.resolvedAlert}`}</span></Menu.Item>)}
      </Menu.Dropdown>
    </Menu>
  );
}
