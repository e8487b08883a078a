/* All shortcuts on one card, opened with ?. */
import { t } from '../i18n';
import { Modal } from '../components/Dialog';
import { useNav } from './nav';

export function KeyHelp({ opened, close }: { opened: boolean; close: () => void }) {
  const nav = useNav();
  const groups: [string, [string[], string][]][] = [
    [t.keys.everywhere, [[['Ctrl K'], t.keys.anywhere], [['?'], t.keys.help], [['U'], t.keys.undo], ...nav.flatMap((g) => g.places).map((p): [string[], string] => [['G', p.key.toUpperCase()], p.label])]],
    [t.orders.order, [[['[', ']'], t.keys.sections]]],
    [t.documents.title, [[['N', 'P'], t.keys.findings]]],
    [t.keys.lists, [[['J', 'K'], t.keys.move], [['Enter'], t.keys.open], [['/'], t.keys.filter]]],
    [t.keys.exceptions, [[['A'], t.keys.assign], [['S'], t.keys.snooze], [['.'], t.keys.actions]]],
    [t.keys.approvals, [[['Y'], t.keys.approve], [['N'], t.keys.reject]]],
    [t.keys.entry, [[['Enter'], t.keys.addLine], [['Ctrl Enter'], t.keys.placeOrder]]],
  ];
  return (
    <Modal opened={opened} onClose={close} title={t.keys.title} size="lg" closeButtonProps={{ 'aria-label': t.act.close }}>
      <div className="keyhelp">{groups.map(([g, ks]) => <section key={g}><h3>{g}</h3><dl>{ks.map(([k, what]) => <div key={what}><dt>{k.map((x) => <kbd key={x}>{x}</kbd>)}</dt><dd>{what}</dd></div>)}</dl></section>)}</div>
    </Modal>
  );
}
