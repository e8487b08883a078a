/* The page's language. A translation is a file of the same shape as en.ts, chosen here. */
import { en, type Messages } from './en';

export const t: Messages = en;
document.documentElement.lang = t.locale;

/** Words from a stored name: `in_case` → In case. */
export function words(s: string) {
  const w = s.replace(/[_-]+/g, ' ').replace(/([a-z])([A-Z])/g, '$1 $2').trim();
  return (w.charAt(0).toUpperCase() + w.slice(1)).replace(/\b(sku|po|id|edi|api|erp|wms|tms|sla|pod)\b/gi, (a) => a.toUpperCase());
}
/** A name from a definition, as it stands between other words: `allBack` → all back. */
export const spoken = (s: string) => s.replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`).replace(/[_-]+/g, ' ');
/** The message of a stored word, or the word itself made readable when a newer server sends one we do not know. */
export const word = (table: Record<string, string>, key: string | null | undefined): string => (key ? table[key] ?? words(key) : '–');
