/* The page's language. A translation is of the same shape as en.ts; what it lacks is said in English, and a test lists it.
   Only the chosen one is loaded, before anything that speaks; choosing another loads the page again. */
import { en, type Messages } from './en';

export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];
export type Translation = Part<Messages>;
type Part<M> = { [K in keyof M]?: M[K] extends (...given: never[]) => unknown ? M[K] : M[K] extends readonly string[] ? string[] : M[K] extends object ? Part<M[K]> : string };

const KEY = 'crossdock.language';

function chosen(): Language {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem(KEY) ?? navigator.language.slice(0, 2);
  return LANGUAGES.find((l) => l === asked) ?? 'en';
}
export const language: Language = chosen();

export function choose(to: Language) {
  localStorage.setItem(KEY, to);
  location.reload();
}

/** The translation, with English where it says nothing. */
function filled<M>(base: M, over: Part<M>): M {
  const whole = { ...base } as Record<string, unknown>;
  for (const [k, v] of Object.entries(over)) {
    const was = whole[k];
    whole[k] = v && was && typeof v === 'object' && typeof was === 'object' && !Array.isArray(v) ? filled(was, v as object) : v ?? was;
  }
  return whole as M;
}

async function load(): Promise<Messages> {
  switch (language) {
    case 'de': return filled(en, (await import('./de')).de);
    case 'en': return en;
  }
}
export const t: Messages = await load();
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
