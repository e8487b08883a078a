/* One colour per stored word, so that a state looks the same on every page. */
export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'mute' | 'brand';

const TONES: Record<string, Tone> = {
  open: 'brand', waiting: 'info', in_case: 'bad', closed: 'ok', cancelled: 'mute', rejected: 'bad',
  accepted: 'ok', duplicate: 'mute', held: 'warn', sent: 'ok',
  test: 'info', trial: 'warn', fulfilled: 'ok', draft: 'info', ready: 'ok', library: 'mute', written: 'info', received: 'info', accepted_with_errors: 'warn', overdue: 'bad', replaced: 'mute',
  snoozed: 'mute', pending: 'warn', approved: 'ok', expired: 'mute', void: 'mute',
  proposed: 'warn', active: 'warn', released: 'ok', resolved: 'ok', firing: 'bad',
  done: 'ok', ok: 'ok', completed: 'ok', succeeded: 'ok', running: 'info', suspended: 'warn', faulted: 'bad', skipped: 'warn', refused: 'bad', blocked: 'bad', breaks: 'bad', stands: 'warn', undo: 'warn', repeat: 'warn', reuse: 'ok', keep: 'ok', waits: 'info', stops: 'mute', failed: 'bad', unknown: 'warn', parked: 'info', retry: 'warn', retrying: 'warn',
};
export const tone = (word: string | null | undefined): Tone => (word ? TONES[word.toLowerCase()] ?? 'mute' : 'mute');
