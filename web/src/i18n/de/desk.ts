/* German of the desk. */
import type { Translation } from '..';

const s = (n: number, one: string, many: string) => `${n.toLocaleString('de-DE')} ${n === 1 ? one : many}`;

export const desk: Translation = {
  desk: {
    title: 'Teams und Texte', show: 'Zeigen', teams: 'Teams', templates: 'Antwortvorlagen', rules: 'Regeln', mail: 'Post',
    add: 'Team anlegen', edit: (n: string) => `Ändern ${n}`, remove: (n: string) => `Entfernen ${n}`, removeAsk: (n: string) => `Team ${n} entfernen? Seine Ausnahmen behalten ihre Besitzer; neue gehen, wohin die Regeln sagen.`, noTeams: 'Noch keine Teams', noTeamsWhy: 'Ausnahmen ohne Team gehören niemandem. Ein Team hat Leute und die Stunden, in denen seine Uhren laufen.',
    name: 'Kurzname', nameHint: 'a-z, 0-9 und -; die Regeln der Zuteilung nennen ihn', heading: 'Titel', calendar: 'Geöffnet', calendarNone: 'Wie der Mandant', members: 'Leute', membersHint: 'Koordinatoren, Genehmigende und Administratoren',
    takes: 'Nimmt', takesNone: 'Nichts nach Regel: nur, was ihm übergeben wird.', open: (n: number) => s(n, 'offen', 'offen'), unowned: (n: number) => `${n} ohne Besitzer`, away: (until: string) => `fort bis ${until}`, there: 'da', setAway: 'Fort bis', back: 'Wieder da', awayFor: (n: string) => `Wann ${n} fort ist`,
    tomorrow: 'Bis morgen', week: 'Eine Woche', awaySet: (n: string) => `${n} bekommt nichts Neues`, backSet: (n: string) => `${n} ist wieder da`, saved: (n: string) => `${n} ist gespeichert`, removed: (n: string) => `${n} ist entfernt`, failed: 'Es wurde nicht gespeichert',
    addTemplate: 'Vorlage anlegen', noTemplates: 'Noch keine Antwortvorlagen', noTemplatesWhy: 'Was immer wieder geschrieben wird, mit den Angaben der Ausnahme gefüllt.', language: 'Sprache', languages: { en: 'Englisch', de: 'Deutsch', sv: 'Schwedisch', es: 'Spanisch', fi: 'Finnisch', fr: 'Französisch' }, own: 'die eigene', subject: 'Betreff', body: 'Text', facts: 'Was genannt werden kann', trial: 'Gezeigt mit', trialPick: 'Eine offene Ausnahme zum Versuch', trialNone: 'Wählen Sie eine Ausnahme, um sie gefüllt zu sehen.', preview: 'Wie es geschrieben würde',
    version: (v: string) => `Fassung ${v}`, shipped: 'wie mitgeliefert', by: (n: string) => `von ${n}`, change: 'Im Editor ändern', rows: (n: number) => s(n, 'Regel', 'Regeln'), ruleNames: { 'case-assignment': 'Wem gehört eine Ausnahme?', 'case-clock': 'Wann muss sie beendet sein?', 'case-priority': 'Wie dringend ist sie?', approvals: 'Wer wird um Genehmigung gefragt?' }, rule: 'Regel', when: 'Wenn', then: 'Dann', always: 'immer',
    from: 'Über Ausnahmen wird geschrieben von', fromHint: 'Antworten kommen an name+nummer@…: der Server muss auch diese annehmen', fromName: 'Gezeigt als', save: 'Speichern', approvals: 'Wohin Genehmigungen gemailt werden', approvalsWhy: 'Ihre eigene Adresse; bei Administratoren die aller.', wanted: 'Mailen, was zu genehmigen ist', address: (n: string) => `Adresse von ${n}`, noAddress: 'Noch hat niemand eine Adresse genannt.', addAddress: 'Person',
  },
  telling: {
    title: 'Sagen, wen es aufhält', lead: 'Eine Mail an jeden über seine eigenen Aufträge. Erst gezeigt, dann einmal gesendet; Antworten kommen zur Ausnahme des Vorfalls.', to: 'Wem', audiences: { customers: 'Kunden', partners: 'Partnern, die die Aufträge sandten', both: 'Beiden' }, subject: 'Betreff', body: 'Text', subjectStart: 'Ihre Bestellungen warten einen Moment', bodyStart: 'Guten Tag {customer},\n\nein System bei uns antwortet nicht. Diese Bestellungen warten und gehen von selbst weiter:\n\n{orders}\n\nSie müssen nichts tun.\n\n{me}',
    preview: 'Jede Mail zeigen', send: (n: number) => `${s(n, 'Mail', 'Mails')} senden`, already: (at: string) => `Genau dies wurde um ${at} gesendet und wird nicht noch einmal gesendet.`, leftOut: (who: string) => `Von ${who} ist keine Adresse bekannt: rufen Sie an.`, sent: (n: number) => `${s(n, 'Mail geht', 'Mails gehen')} gleich hinaus`, failed: 'Nichts wurde gesendet', told: 'Was ihnen gesagt wurde', none: 'Noch wurde niemandem etwas gesagt.', shown: 'Was hinausginge', orders: (n: number) => s(n, 'Auftrag', 'Aufträge'), cases: 'Antworten',
  },
  undoing: {
    show: 'Was täte das Zurücknehmen?', title: 'Zurücknehmen', becomes: { 'called-back': 'zurückgerufen', undone: 'wieder da', stands: 'bleibt' }, callBack: 'Die Aufträge stornieren, die sie in Gang setzte, solange sie nicht freigegeben sind', none: 'Nichts davon ist getan.',
  },
};
