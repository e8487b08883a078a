/* Where the graph's boxes and lines go: ELK's layered layout, in a web worker fetched only with the first graph. */
import ELK, { type ElkExtendedEdge } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';

export interface Point { x: number; y: number }
export interface Route { pts: Point[]; label?: Point }
export interface Spot extends Point { width: number; height: number; side?: boolean }
export interface Laid { nodes: Record<string, Spot>; edges: Record<string, Route>; width: number; height: number }
export interface Shape { nodes: { id: string }[]; edges: { id: string; source: string; target: string; label: string | null }[] }
export const NODE = { width: 128, height: 86 };

let elk: InstanceType<typeof ELK> | undefined;

/** `aspect` is the box's width by height: a long flow is folded into rows so that its words stay readable. */
export async function layout(f: Shape, aspect = 0): Promise<Laid> {
  elk ??= new ELK({ workerUrl });
  const known = new Set(f.nodes.map((n) => n.id));
  const g = await elk.layout({
    id: 'root',
    layoutOptions: {
      'elk.algorithm': 'layered', 'elk.direction': 'RIGHT', 'elk.edgeRouting': 'ORTHOGONAL',
      'elk.layered.spacing.nodeNodeBetweenLayers': '30', 'elk.spacing.nodeNode': '24', 'elk.layered.spacing.edgeNodeBetweenLayers': '14',
      'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX', 'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES', 'elk.portConstraints': 'FIXED_SIDE',
      ...(aspect ? { 'elk.aspectRatio': String(aspect), 'elk.layered.wrapping.strategy': 'MULTI_EDGE', 'elk.layered.wrapping.additionalEdgeSpacing': '10' } : {}),
    },
    children: f.nodes.map((n) => ({ id: n.id, ...NODE })),
    // ELK keeps room for the labels that it is told of
    edges: f.edges.filter((e) => known.has(e.source) && known.has(e.target)).map((e) => ({ id: e.id, sources: [e.source], targets: [e.target], labels: e.label ? [{ id: `${e.id}-l`, text: e.label, width: e.label.length * 6 + 8, height: 15 }] : [] })),
  });
  const edges: Laid['edges'] = {};
  for (const e of (g.edges ?? []) as ElkExtendedEdge[]) {
    const parts = e.sections ?? [], l = e.labels?.[0];
    // an edge that is folded into the next row comes in several sections, one after the other
    if (parts.length) edges[e.id] = { pts: parts.flatMap((s) => [s.startPoint, ...(s.bendPoints ?? []), s.endPoint]), label: l && { x: (l.x ?? 0) + (l.width ?? 0) / 2, y: (l.y ?? 0) + 7 } };
  }
  const all = g.children ?? [];
  return {
    edges, width: Math.max(1, ...all.map((c) => (c.x ?? 0) + NODE.width)), height: Math.max(1, ...all.map((c) => (c.y ?? 0) + NODE.height)),
    nodes: Object.fromEntries(all.map((c) => [c.id, { x: c.x ?? 0, y: c.y ?? 0, ...NODE }])),
  };
}
