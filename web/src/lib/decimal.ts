/* Exact arithmetic on decimal strings: money never passes through a float. */
export interface Dec { n: bigint; scale: number }

export function parse(s: string): Dec | null {
  const m = /^\s*([+-]?)(\d*)(?:[.](\d*))?\s*$/.exec(s);
  if (!m || !(m[2] || m[3])) return null;
  const frac = m[3] ?? '';
  return { n: BigInt(`${m[1] === '-' ? '-' : ''}${m[2] || '0'}${frac}`), scale: frac.length };
}
const at = (d: Dec, scale: number) => d.n * 10n ** BigInt(scale - d.scale);

export function add(a: Dec, b: Dec): Dec {
  const scale = Math.max(a.scale, b.scale);
  return { n: at(a, scale) + at(b, scale), scale };
}
export const times = (a: Dec, b: Dec): Dec => ({ n: a.n * b.n, scale: a.scale + b.scale });

export function compare(a: Dec, b: Dec): number {
  const scale = Math.max(a.scale, b.scale), d = at(a, scale) - at(b, scale);
  return d < 0n ? -1 : d > 0n ? 1 : 0;
}
export const isZero = (s: string | null | undefined) => { const d = s ? parse(s) : null; return !d || d.n === 0n; };

/** Plain digits, rounded half up (away from zero) to `places`. */
export function text(d: Dec, places = d.scale): string {
  let { n } = d;
  if (places < d.scale) {
    const p = 10n ** BigInt(d.scale - places), half = p / 2n;
    n = (n < 0n ? n - half : n + half) / p;
  } else n = at(d, places);
  const s = (n < 0n ? -n : n).toString().padStart(places + 1, '0');
  return `${n < 0n ? '-' : ''}${s.slice(0, s.length - places)}${places ? `.${s.slice(-places)}` : ''}`;
}
