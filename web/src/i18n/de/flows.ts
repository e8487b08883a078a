/* The board of each process, saved views, promises at risk. */
import type { Translation } from '..';

const s = (n: number, one: string, many: string) => `${n.toLocaleString('de-DE')} ${n === 1 ? one : many}`;

export const flows: Translation = {
  board: {
    process: 'Prozess', version: 'Version', anyVersion: 'Alle Versionen', site: 'Standort', anySite: 'Alle Standorte', partner: 'Partner', anyPartner: 'Alle Partner', type: 'Auftragsart', anyType: 'Alle Arten', customer: 'Kunde',
    types: { standard: 'Standard', part: 'Teil eines Auftrags für mehrere Orte' },
    colour: 'Farbe nach', byDwell: 'Verweildauer', byLate: 'Anteil verspätet', zone: 'Zeiten in', zones: 'Zeitzone der gezeigten Zeiten', ownZone: 'dieser Browser', elsewhere: (n: number) => `${s(n, 'Instanz steht', 'Instanzen stehen')} in Schritten, die nur andere Versionen haben`,
    open: (n: number) => s(n, 'offen', 'offen'), atRisk: 'Gefährdet', nRisk: (n: number) => `${n} gefährdet`, p50: 'Die Hälfte wartet', p90: 'Neun von zehn warten', usual: 'Üblich', heat: 'Gegenüber dem Üblichen', usually: (a: string, b: string) => `${a}, neun von zehn ${b}`, dwell: (a: string, b: string) => `die Hälfte wartet ${a}, neun von zehn ${b}`,
    hot: ['deutlich kürzer als üblich', 'wie üblich', 'etwas länger als üblich', 'länger als üblich', 'viel länger als üblich'], unknown: 'noch nichts Übliches bekannt', times: '≥ 1,5×', far: '≥ 3×',
    heatLegend: 'Wie lange neun von zehn schon warten, gegenüber dem, was für den Schritt üblich ist', cold: 'unter der Hälfte', scale: ['< ½', '½–1', '1–1,5×', '1,5–3×', '≥ 3×'],
    views: 'Gespeicherte Ansichten', noView: 'Ansichten', save: 'Ansicht speichern', saveAs: 'Name der Ansicht', shared: 'Alle hier dürfen sie verwenden', saved: 'Die Ansicht ist gespeichert', remove: 'Ansicht löschen', removed: 'Die Ansicht ist gelöscht', setDefault: 'Damit öffnen', unsetDefault: 'Ohne sie öffnen', by: (who: string) => `von ${who}`, isDefault: 'öffnet die Tafel', update: 'Filter hineinspeichern', none: 'Noch keine Ansicht gespeichert', cancel: 'Abbrechen',
  },
  risk: {
    title: 'Gefährdet', lead: 'Aufträge, die später erwartet werden als zugesagt, bevor es so weit ist. Was man tun könnte, ist ein Vorschlag: er tut nichts.', order: 'Auftrag', customer: 'Kunde', level: 'Stufe', anyLevel: 'Alle Stufen', reason: 'Warum', promised: 'Zugesagt', expected: 'Erwartet', late: 'Tage zu spät', money: 'Betrag', since: 'Seit', could: 'Was man tun könnte', case: 'Ausnahme',
    levels: { critical: 'Kritisch', high: 'Hoch', missed: 'Verpasst', watch: 'Knapp' }, steps: { validated: 'Geprüft', credit: 'Kredit frei', released: 'Freigegeben', picked: 'Kommissioniert', shipped: 'Versandt', delivered: 'Zugestellt', invoiced: 'Berechnet' },
    empty: 'Nichts ist gefährdet', emptyWhy: 'Jeder offene Auftrag wird bis zum zugesagten Tag erwartet.', search: 'Auftrag, Bestellung, Kunde oder Grund', unknownDay: 'kein Tag bekannt', sum: (m: string) => `${m} gefährdet`, link: (n: number) => s(n, 'Zusage gefährdet', 'Zusagen gefährdet'),
    plan: 'Plan', step: 'Schritt', planned: 'Geplant bis', actual: 'Geschehen', then: 'Erwartet', versions: 'Versionen des Plans', version: 'Version', made: 'Gemacht', why: 'Warum', ships: 'Versand aus', lead_days: 'Tage unterwegs', none: 'Nichts ist geplant: kein Tag ist zugesagt', noneWhy: 'Ein Plan entsteht, wenn ein Auftrag eingeht, und neu, sobald sich Zusage, Standort oder Dienst ändert.', behind: 'später als geplant',
  },
  change: {
    button: 'Ändern', title: (o: string) => `Auftrag ${o} ändern`, quantity: (l: string) => `Menge der Position ${l}`, price: (l: string) => `Stückpreis der Position ${l}`, line: 'Position', item: 'Artikel', newQuantity: 'Menge', newPrice: 'Stückpreis', day: 'Gewünscht am', otherPlace: 'An eine andere Adresse liefern', name: 'Name', street: 'Straße', city: 'Ort', postal: 'Postleitzahl', region: 'Region', country: 'Land', reason: 'Grund (der Kunde kann ihn erfahren)', go: 'Auftrag ändern', asked: (o: string) => `Änderung von ${o} ist beantragt`, askedBody: 'Der Verlauf zeigt, was daraus wird.', failed: 'Der Auftrag konnte nicht geändert werden', nothing: 'Ändern Sie etwas, um zu sehen, was geschähe.', worth: 'Wert', preview: 'Was geschehen wird', taken: 'Position entfällt', previewFailed: 'Was geschähe, lässt sich nicht sagen',
    ways: { free: 'Der Auftrag wird neu vorbereitet: geprüft, bepreist, auf Kredit geprüft und wieder reserviert.', recall: 'Das Lager wird gebeten, die Ware zurückzugeben. Tut es das, wird alles zurückgenommen und neu vorbereitet; wenn nicht, bleibt der Auftrag, wie er ist, und jemand erfährt davon.', return: 'Ware ist unterwegs. Der Auftrag bleibt, wie er ist; ein Mensch sorgt für die Rücksendung.', refuse: 'Der Auftrag ist an seinem Ende.' },
    cancelWays: { free: 'Alles bisher Getane wird zurückgenommen, und der Kunde erfährt es.', recall: 'Das Lager wird gebeten, die Ware zurückzugeben. Tut es das, wird alles zurückgenommen; wenn nicht, sorgt ein Mensch für die Rücksendung.', return: 'Ware ist unterwegs. Ein Mensch sorgt für die Rücksendung.', refuse: 'Der Auftrag ist an seinem Ende.' },
    approval: (why: string) => `Zuvor muss jemand anders zustimmen. ${why}.`,
  },
};
