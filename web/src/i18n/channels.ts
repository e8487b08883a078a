/* Texts of the form of a channel: its settings by their keys, as docs/transports.md explains them. */
const dict = (d: Record<string, string>) => d;

export const channels = {
  channelForm: {
    what: 'The channel', name: 'Name', nameHint: 'a-z, 0-9 and -, at most 40', settings: (kind: string) => `Settings: ${kind}`, running: 'How it runs', every: 'Looks every (seconds)', largest: 'Largest document (MB)', usual: 'Its usual way out', usualHint: 'Off: it carries only what an agreement sends by it', save: 'Save', saved: 'The channel is saved', tryIt: 'Test it now; nothing moves by that', failed: 'The channel was not saved', onePerLine: 'One a line.', between: (a: number, b: number) => `${a} to ${b}`, key: 'Name', secretHint: 'Its name in the vault; the secret itself is never entered here',
    pairs: { senders: ['Address', 'Partner’s id'], headers: ['Header', 'Value'] } as Record<string, [string, string]>,
    kindHints: dict({ folder: 'Files in a folder of ours', sftp: 'We log in to their server', 'sftp-login': 'They log in to our server', as2: 'Signed and encrypted over HTTP, with receipts', imap: 'We fetch a mailbox', smtp: 'Mail is delivered to us', s3: 'Objects of a bucket', http: 'We post each document to an address' }),
    choices: dict({ sha1: 'SHA-1 (old)', sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512', aes128: 'AES-128', aes256: 'AES-256', sync: 'with the answer', async: 'later, by itself', none: 'none', tls: 'TLS', starttls: 'STARTTLS' }),
    labels: dict({
      path: 'Folder', pattern: 'Files', settle_s: 'Untouched for (seconds)', host: 'Server', port: 'Port', user: 'User', host_keys: 'Keys of the server', key_secret: 'Secret: private key', password_secret: 'Secret: password', fetch_from: 'Fetch from', done: 'Done goes to', quarantine: 'Refused goes to', put_into: 'Put into', keys: 'Public keys', password_hash: 'Hash of the password',
      our_id: 'We are (AS2)', their_id: 'They are (AS2)', url: 'Address', sign: 'Sign', encrypt: 'Encrypt', compress: 'Compress', require_signature: 'Take only what is signed', require_encryption: 'Take only what is encrypted', digest: 'Digest', cipher: 'Cipher', mdn: 'Receipt', mdn_signed: 'Signed receipt', mdn_url: 'Receipts go to', mdn_within_s: 'Receipt within (seconds)', timeout_s: 'Gives up after (seconds)', unknown_repeats: 'Sent again by itself', authorization_secret: 'Secret: Authorization header',
      senders: 'Senders', authenticated_by: 'Believed mail server', tls: 'Encryption', mailbox: 'Mailbox', recipients: 'Addresses', bucket: 'Bucket', region: 'Region', key_id_secret: 'Secret: key id', fetch_prefix: 'Fetch below', done_prefix: 'Done goes below', quarantine_prefix: 'Refused goes below', put_prefix: 'Put below', headers: 'Headers', repeatable: 'They know a repeated document',
    }),
    hints: dict({
      path: 'Below the folder of this tenant', pattern: 'Such as *.edi', settle_s: 'A file that changed since is still being written', host_keys: 'As ssh-keyscan prints them, without the name; nothing else is believed.', done: 'Empty: what was fetched is deleted', done_prefix: 'Empty: what was fetched is deleted', password_hash: 'As `crossdock channel hash-password` prints it', mdn_url: 'Our public address, ending in /as2/ and the tenant', unknown_repeats: 'How often a message without an answer is sent again, under its own number', senders: 'An address, or @domain for all of it, and whose it is.', authenticated_by: 'Then a sender counts only where DMARC passed', recipients: 'Mail to these comes here.', repeatable: 'By X-Document-Id: one that was lost is sent again by itself',
    }),
  },
};
