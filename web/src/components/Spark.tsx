/* A line of counts, small enough for a cell of a table. */
const W = 84, H = 20;

export function Spark({ data, label }: { data: number[]; label: string }) {
  const hi = Math.max(...data, 1), n = Math.max(1, data.length - 1);
  const line = data.map((v, i) => `${i ? 'L' : 'M'}${((i / n) * W).toFixed(1)} ${(H - 2 - (v / hi) * (H - 4)).toFixed(1)}`).join('');
  return (
    <svg viewBox={`0 0 ${W} ${H}`} width={W} height={H} role="img" aria-label={label} style={{ display: 'block' }}>
      <path d={`${line}L${W} ${H}L0 ${H}Z`} fill="var(--accent)" opacity={0.12} /><path d={line} fill="none" stroke="var(--accent)" strokeWidth={1.4} strokeLinejoin="round" />
    </svg>
  );
}
