/* Deutsch: das Formular eines Kanals. */
import type { Translation } from '..';

export const channels: Translation = {
  channelForm: {
    what: 'Der Kanal', name: 'Name', nameHint: 'a-z, 0-9 und -, höchstens 40', settings: (kind: string) => `Einstellungen: ${kind}`, running: 'Wie er läuft', every: 'Sieht nach alle (Sekunden)', largest: 'Größter Beleg (MB)', usual: 'Der übliche Weg hinaus', usualHint: 'Aus: er trägt nur, was eine Vereinbarung über ihn sendet', save: 'Speichern', saved: 'Der Kanal ist gespeichert', tryIt: 'Jetzt prüfen; dabei wird nichts bewegt', failed: 'Der Kanal wurde nicht gespeichert', onePerLine: 'Eines je Zeile.', between: (a: number, b: number) => `${a} bis ${b}`, key: 'Name', secretHint: 'Sein Name im Tresor; das Geheimnis selbst wird hier nie eingegeben',
    pairs: { senders: ['Adresse', 'Id des Partners'], headers: ['Kopfzeile', 'Wert'] },
    kindHints: { folder: 'Dateien in einem Ordner bei uns', sftp: 'Wir melden uns auf deren Server an', 'sftp-login': 'Sie melden sich auf unserem Server an', as2: 'Signiert und verschlüsselt über HTTP, mit Quittungen', imap: 'Wir holen ein Postfach ab', smtp: 'E-Mail wird uns zugestellt', s3: 'Objekte eines Buckets', http: 'Wir senden jeden Beleg an eine Adresse' },
    choices: { sha1: 'SHA-1 (alt)', sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512', aes128: 'AES-128', aes256: 'AES-256', sync: 'mit der Antwort', async: 'später, für sich', none: 'keine', tls: 'TLS', starttls: 'STARTTLS' },
    labels: {
      path: 'Ordner', pattern: 'Dateien', settle_s: 'Unverändert seit (Sekunden)', host: 'Server', port: 'Port', user: 'Benutzer', host_keys: 'Schlüssel des Servers', key_secret: 'Geheimnis: privater Schlüssel', password_secret: 'Geheimnis: Passwort', fetch_from: 'Abholen aus', done: 'Erledigtes nach', quarantine: 'Abgelehntes nach', put_into: 'Ablegen in', keys: 'Öffentliche Schlüssel', password_hash: 'Hash des Passworts',
      our_id: 'Wir heißen (AS2)', their_id: 'Sie heißen (AS2)', url: 'Adresse', sign: 'Signieren', encrypt: 'Verschlüsseln', compress: 'Komprimieren', require_signature: 'Nur Signiertes annehmen', require_encryption: 'Nur Verschlüsseltes annehmen', digest: 'Prüfsumme', cipher: 'Chiffre', mdn: 'Quittung', mdn_signed: 'Signierte Quittung', mdn_url: 'Quittungen gehen an', mdn_within_s: 'Quittung binnen (Sekunden)', timeout_s: 'Gibt auf nach (Sekunden)', unknown_repeats: 'Von selbst erneut gesendet', authorization_secret: 'Geheimnis: Authorization-Kopfzeile',
      senders: 'Absender', authenticated_by: 'Mailserver, dem geglaubt wird', tls: 'Verschlüsselung', mailbox: 'Postfach', recipients: 'Adressen', bucket: 'Bucket', region: 'Region', key_id_secret: 'Geheimnis: Schlüssel-Id', fetch_prefix: 'Abholen unter', done_prefix: 'Erledigtes unter', quarantine_prefix: 'Abgelehntes unter', put_prefix: 'Ablegen unter', headers: 'Kopfzeilen', repeatable: 'Sie erkennen einen wiederholten Beleg',
    },
    hints: {
      path: 'Unterhalb des Ordners dieses Mandanten', pattern: 'Etwa *.edi', settle_s: 'Was sich seitdem änderte, wird noch geschrieben', host_keys: 'Wie ssh-keyscan sie ausgibt, ohne den Namen; anderem wird nicht geglaubt.', done: 'Leer: Abgeholtes wird gelöscht', done_prefix: 'Leer: Abgeholtes wird gelöscht', password_hash: 'Wie `crossdock channel hash-password` ihn ausgibt', mdn_url: 'Unsere öffentliche Adresse, endend auf /as2/ und den Mandanten', unknown_repeats: 'Wie oft eine Nachricht ohne Antwort erneut gesendet wird, unter ihrer eigenen Nummer', senders: 'Eine Adresse, oder @domain für alle dort, und wessen sie ist.', authenticated_by: 'Dann zählt ein Absender nur, wo DMARC bestand', recipients: 'E-Mail an diese kommt hier an.', repeatable: 'Anhand von X-Document-Id: ein verlorener wird von selbst erneut gesendet',
    },
  },
};
