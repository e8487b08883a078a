/* White label: the tenant's one colour becomes every shade (styles/base.css mixes them). Text on it must be readable,
   so a colour too pale for white text is darkened until it reaches 4.5:1. */
function channels(hex: string): [number, number, number] | null {
  const m = /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex);
  return m ? [parseInt(m[1]!, 16), parseInt(m[2]!, 16), parseInt(m[3]!, 16)] : null;
}
function luminance(rgb: readonly number[]): number {
  const [r, g, b] = rgb.map((v) => { const c = v / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
export function readable(hex: string): string | null {
  let rgb = channels(hex);
  if (!rgb) return null;
  // 1.05 / (L + 0.05) ≥ 5.2 leaves room for the tint that panels put behind brand-coloured text
  while (1.05 / (luminance(rgb) + 0.05) < 5.2) rgb = rgb.map((v) => Math.floor(v * 0.96)) as [number, number, number];
  return `#${rgb.map((v) => v.toString(16).padStart(2, '0')).join('')}`;
}
export function applyBrand(color: string) {
  const c = readable(color);
  if (!c) return;
  document.documentElement.style.setProperty('--brand', c);
  localStorage.setItem('crossdock-brand', c);
}
