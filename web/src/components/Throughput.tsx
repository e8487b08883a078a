/* Orders by hour and channel, stacked. ECharts is loaded with this file, only where it is shown. */
import { useEffect, useRef } from 'react';
import { use, init, type EChartsType } from 'echarts/core';
import { BarChart } from 'echarts/charts';
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { SVGRenderer } from 'echarts/renderers';
import type { Bucket } from '../api/types';
import { t, word } from '../i18n';
import { hour } from '../lib/format';

use([BarChart, GridComponent, TooltipComponent, LegendComponent, AriaComponent, SVGRenderer]);
const CHANNELS = ['x12', 'json', 'csv', 'manual'] as const;
const FONT = 'Inter Variable';
const css = (v: string) => getComputedStyle(document.documentElement).getPropertyValue(v).trim();

/** ECharts does not parse color-mix(): the browser resolves it, through a canvas, to plain rgb. */
function shades(brand: string, dark: boolean): string[] {
  const probe = document.createElement('i');
  probe.style.transition = 'none'; // else its computed colour is still the one before
  document.body.append(probe);
  const ctx = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
  const colors = [0, 34, 58, 78].map((p) => {
    probe.style.color = `color-mix(in oklab, white ${p + (dark ? 8 : 0)}%, ${brand})`;
    ctx.fillStyle = getComputedStyle(probe).color;
    ctx.fillRect(0, 0, 1, 1);
    const [r, g, b] = ctx.getImageData(0, 0, 1, 1).data;
    return `rgb(${r},${g},${b})`;
  });
  probe.remove();
  return colors;
}

export default function Throughput({ buckets, dark }: { buckets: Bucket[]; dark: boolean }) {
  const box = useRef<HTMLDivElement>(null), chart = useRef<EChartsType>(null);
  useEffect(() => {
    chart.current = init(box.current!, undefined, { renderer: 'svg' });
    const ro = new ResizeObserver(() => chart.current?.resize());
    ro.observe(box.current!);
    return () => { ro.disconnect(); chart.current?.dispose(); };
  }, []);
  useEffect(() => {
    const ink = css('--muted'), line = css('--line');
    const used = CHANNELS.filter((c) => buckets.some((b) => b[c] > 0));
    chart.current!.setOption({
      aria: { enabled: true }, animation: !matchMedia('(prefers-reduced-motion: reduce)').matches, animationDuration: 300, color: shades(css('--brand'), dark),
      grid: { left: 32, right: 10, top: 34, bottom: 22 },
      legend: { top: 6, left: 8, itemWidth: 9, itemHeight: 9, itemGap: 12, icon: 'roundRect', textStyle: { color: ink, fontFamily: FONT, fontSize: 12 } },
      tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' }, backgroundColor: css('--panel'), borderColor: css('--line-strong'), textStyle: { color: css('--ink'), fontSize: 12, fontFamily: FONT } },
      xAxis: { type: 'category', data: buckets.map((b) => hour(b.at)), axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, axisLabel: { color: ink, fontSize: 11, fontFamily: FONT } },
      yAxis: { type: 'value', splitNumber: 3, minInterval: 1, splitLine: { lineStyle: { color: line } }, axisLabel: { color: ink, fontSize: 11, fontFamily: FONT } },
      series: used.map((c, i) => ({ name: word(t.channels, c), type: 'bar', stack: 'a', barCategoryGap: '28%', data: buckets.map((b) => b[c]), itemStyle: i === used.length - 1 ? { borderRadius: [2, 2, 0, 0] } : {} })),
    }, { replaceMerge: ['series'] });
  }, [buckets, dark]);
  return <div ref={box} className="chart" role="img" aria-label={t.hours.aria} />;
}
