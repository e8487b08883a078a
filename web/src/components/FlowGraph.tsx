/* The order flow as a graph: boxes are steps with live counts, colour is lateness, lines are where orders go next.
   Loaded only where it is shown, with React Flow and the layout worker. */
import { useEffect, useMemo, useRef, useState, type CSSProperties } from 'react';
import { Background, BaseEdge, Controls, EdgeLabelRenderer, Handle, Position, ReactFlow, useReactFlow, type Edge, type EdgeProps, type Node, type NodeProps } from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { IconArrowsSplit2, IconBolt, IconClockHour4, IconCube, IconFlag, IconUserCheck } from '@tabler/icons-react';
import type { FlowEdge, FlowNode } from '../api/types';
import { spoken, t } from '../i18n';
import { span } from '../lib/format';
import { lanes } from '../lib/lanes';
import { layout, type Laid, type Point, type Shape } from '../lib/layout';

const ICON = { event: IconBolt, task: IconCube, decision: IconArrowsSplit2, person: IconUserCheck, wait: IconClockHour4, end: IconFlag };
/** here: an instance stands at it. */
export type GraphNode = Partial<FlowNode> & { id: string; label: string; here?: boolean };
type Colour = 'dwell' | 'late';
type N = Node<{ n: GraphNode; side?: boolean; by: Colour }, 'step'>;
type E = Edge<{ e: FlowEdge; busy: boolean; pts: Point[]; label?: Point }, 'wire'>;

/** How a step's dwell compares, in words: colour alone says nothing to some. */
function dwellWords(n: GraphNode): string {
  const d = n.dwell;
  if (!d) return '';
  const now = t.board.dwell(span(d.p50_s * 1000), span(d.p90_s * 1000));
  return `. ${now}, ${d.heat === null ? t.board.unknown : t.board.hot[d.heat]}${d.usual_p90_s === null ? '' : ` (${t.board.usual.toLowerCase()} ${t.board.usually(span((d.usual_p50_s ?? 0) * 1000), span(d.usual_p90_s * 1000))})`}`;
}

function Step({ data: { n, side, by } }: NodeProps<N>) {
  const Icon = ICON[n.kind ?? 'task'] ?? IconCube;
  const prev = useRef(n.count);
  const [bump, setBump] = useState(0);
  useEffect(() => { if (prev.current !== n.count) { prev.current = n.count; setBump((b) => b + 1); } }, [n.count]);
  const late = n.late ?? 0, warm = n.count ? (n.dwell?.heat ?? 0) : 0;
  const heat = by === 'dwell' ? warm / 4 : n.count ? Math.min(1, late / Math.max(4, n.count)) : 0;
  return (
    <div className={`fnode ${side ? 'aside' : ''}`} data-kind={n.kind} data-node={n.id} data-here={n.here || undefined} data-warm={by === 'dwell' && warm > 2 ? warm : undefined} title={n.count ? dwellWords(n).slice(2) || undefined : undefined} style={{ '--heat': heat } as CSSProperties}>
      <Handle type="target" position={Position.Left} style={{ opacity: 0 }} isConnectable={false} />
      {by === 'dwell' && warm > 2 && <span className="warm num" aria-hidden>{warm > 3 ? t.board.far : t.board.times}</span>}
      {late > 0 && <span className="late num">{t.flow.nLate(late)}</span>}
      <Icon size={15} stroke={1.7} className="i" />
      <span className="t">{n.label}</span>{n.here && <span className="herepill">{t.flow.here}</span>}
      {n.count !== undefined && <span key={bump} className={`c num ${bump ? 'bump' : ''}`}>{n.count.toLocaleString(t.locale)}</span>}
      <Handle type="source" position={Position.Right} style={{ opacity: 0 }} isConnectable={false} />
    </div>
  );
}

/** Draws the orthogonal route that ELK found, with rounded corners. */
function path(p: Point[], r = 8): string {
  let d = `M${p[0]!.x} ${p[0]!.y}`;
  for (let i = 1; i < p.length - 1; i++) {
    const a = p[i - 1]!, b = p[i]!, c = p[i + 1]!;
    const l1 = Math.hypot(b.x - a.x, b.y - a.y) || 1, l2 = Math.hypot(c.x - b.x, c.y - b.y) || 1, k = Math.min(r, l1 / 2, l2 / 2);
    d += `L${b.x + ((a.x - b.x) / l1) * k} ${b.y + ((a.y - b.y) / l1) * k}Q${b.x} ${b.y} ${b.x + ((c.x - b.x) / l2) * k} ${b.y + ((c.y - b.y) / l2) * k}`;
  }
  return `${d}L${p[p.length - 1]!.x} ${p[p.length - 1]!.y}`;
}

function Wire({ id, data }: EdgeProps<E>) {
  if (!data) return null;
  const d = path(data.pts);
  return (
    <>
      <BaseEdge id={id} path={d} className="fedge" />
      {data.busy && <circle className="tok" r={3} fill="var(--accent)"><animateMotion dur="5s" repeatCount="indefinite" path={d} /></circle>}
      {data.label && <EdgeLabelRenderer><span className="elabel" style={{ transform: `translate(-50%,-50%) translate(${data.label.x}px,${data.label.y}px)` }}>{spoken(data.e.label ?? '')}</span></EdgeLabelRenderer>}
    </>
  );
}
const nodeTypes = { step: Step }, edgeTypes = { wire: Wire };

/** Fits again when the box changes its size, until the reader zooms or drags. */
function Refit({ size, touched }: { size: string; touched: React.RefObject<boolean> }) {
  const { fitView } = useReactFlow();
  useEffect(() => { if (!touched.current) void fitView({ padding: 0.04, maxZoom: 1 }); }, [size, fitView, touched]);
  return null;
}

/** In one row, or folded into several: whichever may be drawn larger in the box. */
async function best(f: Shape, aspect: number): Promise<Laid> {
  const scale = (l: Laid) => Math.min(1, 1200 / l.width, 1200 / aspect / l.height);
  const flat = await layout(f);
  if (scale(flat) > 0.85) return flat;
  // ELK cannot fold every graph with loops; one row is always possible
  const folded = await layout(f, aspect).catch(() => flat);
  return scale(folded) > scale(flat) * 1.15 ? folded : flat;
}

export interface FlowGraphProps { nodes: GraphNode[]; edges: FlowEdge[]; dark: boolean; onNode?: (id: string) => void; label: string; by?: Colour; /** drawn as lanes: only for main ways */ main?: boolean }

export default function FlowGraph({ nodes: ns, edges: es, dark, onNode, label, main, by = 'late' }: FlowGraphProps) {
  const [free, setLaid] = useState<Laid>();
  const box = useRef<HTMLDivElement>(null), touched = useRef(false);
  const [size, setSize] = useState('');
  const shape = `${ns.map((n) => n.id).join()}|${es.map((e) => `${e.id}:${e.label ?? ''}`).join()}`;
  const latest = useRef({ nodes: ns, edges: es });
  latest.current = { nodes: ns, edges: es };
  // laid out again only when the shape changes, not with each count
  const [w = 0, h = 0] = size.split('x').map(Number);
  const aspect = w && h ? Math.round((w / h) * 2) / 2 : 0;
  const plain = useMemo(() => (main && w && h ? lanes(latest.current, w * 0.92, h * 0.92) : undefined), [shape, main, w, h]);
  useEffect(() => {
    if (!aspect || main) return;
    let on = true;
    void best(latest.current, aspect).then((l) => { if (on) setLaid(l); });
    return () => { on = false; };
  }, [shape, aspect, main]);
  const laid = main ? plain : free;
  useEffect(() => {
    const ro = new ResizeObserver(([r]) => setSize(`${Math.round(r!.contentRect.width)}x${Math.round(r!.contentRect.height)}`));
    ro.observe(box.current!);
    return () => ro.disconnect();
  }, []);
  const nodes = useMemo<N[]>(() => (!laid ? [] : ns.flatMap((n) => { const at = laid.nodes[n.id]; return at ? [{ id: n.id, type: 'step' as const, position: { x: at.x, y: at.y }, data: { n, side: at.side, by }, width: at.width, height: at.height, ariaRole: onNode ? 'button' as const : undefined, ariaLabel: n.here ? t.flow.hereAria(n.label) : n.count === undefined ? n.label : `${t.flow.aria(n.label, n.count, n.late ?? 0)}${dwellWords(n)}` }] : []; })), [ns, laid, onNode, by]);
  const busy = useMemo(() => new Set(ns.filter((n) => (n.count ?? 0) > 0).map((n) => n.id)), [ns]);
  const edges = useMemo<E[]>(() => (!laid ? [] : es.flatMap((e) => { const r = laid.edges[e.id]; return r ? [{ id: e.id, type: 'wire' as const, source: e.source, target: e.target, data: { e, busy: busy.has(e.source), ...r } }] : []; })), [es, laid, busy]);
  return (
    <div className="flowfill" ref={box} role="group" aria-label={label} onKeyDown={(e) => { const id = (e.target as HTMLElement).closest<HTMLElement>('.react-flow__node')?.dataset.id; if (id && onNode && (e.key === 'Enter' || e.key === ' ')) { e.preventDefault(); e.stopPropagation(); onNode(id); } }}>
      {!laid && <p className="muted pad" role="status">{t.flow.drawing}</p>}
      {nodes.length > 0 && (
        <ReactFlow nodes={nodes} edges={edges} nodeTypes={nodeTypes} edgeTypes={edgeTypes} colorMode={dark ? 'dark' : 'light'} fitView fitViewOptions={{ padding: 0.04, maxZoom: 1 }} minZoom={0.2} maxZoom={1.6}
          nodesDraggable={false} nodesConnectable={false} nodesFocusable={!!onNode} edgesFocusable={false} elementsSelectable={!!onNode} zoomOnScroll={false} preventScrolling={false} proOptions={{ hideAttribution: true }}
          onMoveStart={(e) => { if (e) touched.current = true; }} onNodeClick={(_, n) => onNode?.(n.id)}
          ariaLabelConfig={{ 'controls.zoomIn.ariaLabel': t.flow.zoomIn, 'controls.zoomOut.ariaLabel': t.flow.zoomOut, 'controls.fitView.ariaLabel': t.flow.fit, 'node.a11yDescription.default': '', 'node.a11yDescription.keyboardDisabled': '' }}>
          <Background gap={18} size={1.2} />
          <Controls showInteractive={false} position="bottom-right" orientation="horizontal" onFitView={() => { touched.current = false; }} fitViewOptions={{ padding: 0.04, maxZoom: 1 }} />
          <Refit size={size} touched={touched} />
        </ReactFlow>
      )}
    </div>
  );
}
