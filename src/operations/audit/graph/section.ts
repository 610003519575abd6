import type { Audit } from '../audit.ts'
import { escaped } from '../report/escaped.ts'
import { type Graph, type GraphNode, graphFrom } from './model.ts'

const width = 230
const height = 40
const gapX = 90
const gapY = 18
const charactersShown = 30

/** Where each node stands: its column is its distance from the end, at the right. */
function placed({ nodes }: Graph): { at: Map<string, { x: number; y: number; node: GraphNode }>; columns: number; rows: number } {
  const columns = Math.max(...nodes.map(({ distance }) => distance)) + 1
  const used = new Map<number, number>()
  const at = new Map<string, { x: number; y: number; node: GraphNode }>()
  for (const node of nodes) {
    const row = used.get(node.distance) ?? 0
    used.set(node.distance, row + 1)
    at.set(node.id, { x: (columns - 1 - node.distance) * (width + gapX), y: row * (height + gapY), node })
  }
  return { at, columns, rows: Math.max(...used.values()) }
}

function shortened(text: string): string {
  const characters = [...text]
  return characters.length > charactersShown ? `${characters.slice(0, charactersShown - 1).join('')}…` : text
}

/** The picture. Screen readers get its title; the table says the same in words. */
function picture(graph: Graph): string {
  const { at, columns, rows } = placed(graph)
  const arrows = graph.edges.flatMap(({ from, to, ids, actions, words, on }) => {
    const a = at.get(from)
    const b = at.get(to)
    if (a === undefined || b === undefined) return []
    const [x1, y1, x2, y2] = [a.x + width, a.y + height / 2, b.x - 6, b.y + height / 2]
    const bend = Math.max(40, Math.abs(x2 - x1) / 2)
    return `<path class="${on.length > 0 ? 'depends' : 'proven'}" d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}" marker-end="url(#arrow)"><title>${escaped([...ids, ...actions, words].join(', '))}</title></path>`
  })
  const boxes = [...at.values()].map(
    ({ x, y, node }) =>
      `<g class="${node.kind}"><title>${escaped(node.members.slice(0, 20).join(', ') || node.label)}</title><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${node.kind === 'user' ? 20 : 4}"/><text x="${x + width / 2}" y="${y + 25}">${escaped(shortened(node.label))}</text></g>`,
  )
  const [w, h] = [columns * (width + gapX) - gapX, rows * (height + gapY) - gapY]
  return `<svg role="img" aria-labelledby="graph-title" viewBox="-4 -4 ${w + 8} ${h + 8}" width="${w + 8}" height="${h + 8}">
<title id="graph-title">Who reaches administrator access, from left to right. The table below says the same.</title>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>
${arrows.join('\n')}
${boxes.join('\n')}
</svg>`
}

const membersShown = 10

function membersText({ label, members }: GraphNode): string {
  if (members.length <= 1) return escaped(members[0] ?? label)
  const more = members.length > membersShown ? ` and ${members.length - membersShown} more` : ''
  return `${escaped(label)}: ${members.slice(0, membersShown).map(escaped).join(', ')}${more}`
}

function table(graph: Graph): string {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]))
  const rows = graph.edges
    .filter(({ ids }) => ids.length > 0)
    .map(({ from, to, ids, actions, words, on }) => {
      const a = byId.get(from)
      const b = byId.get(to)
      const cells = [
        a === undefined ? '' : membersText(a),
        b === undefined ? '' : escaped(b.label),
        escaped(words),
        `<code>${escaped([...ids, ...actions].join(', '))}</code>`,
        on.length === 0 ? 'proven' : `depends on: ${escaped(on.join('; '))}`,
      ]
      return `<tr>${cells.map((cell, column) => (column === 0 ? `<th scope="row">${cell}</th>` : `<td>${cell}</td>`)).join('')}</tr>`
    })
  const head = ['Who', 'Reaches', 'By', 'Path and actions', 'Verdict'].map((name) => `<th scope="col">${name}</th>`).join('')
  return `<table><caption>The steps of the picture</caption><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`
}

/** The style of the section, for light and dark. */
export const graphStyle = `
.graph { overflow-x: auto } .graph:focus-visible { outline: 2px solid currentColor }
.graph svg rect { fill: Canvas; stroke: currentColor; stroke-width: 1.2 } .graph svg .administrator rect { stroke: var(--critical); stroke-width: 2.5 }
.graph svg text { fill: currentColor; font: 13px system-ui, sans-serif; text-anchor: middle }
.graph svg path { fill: none; stroke: currentColor; stroke-width: 1.2; opacity: .75 } .graph svg path.depends { stroke-dasharray: 6 4 } .graph svg path.head { fill: currentColor; stroke: none }
table { border-collapse: collapse; margin: 1rem 0; font-size: .9rem } caption { text-align: left; font-weight: 600 }
th, td { border: 1px solid var(--line); padding: .3rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; font-weight: 400 } thead th { font-weight: 600 }
`

/** Who reaches administrator access, as a picture and as a table, for the HTML report. Empty without a path. */
export function graphSection(audit: Audit): string {
  const graph = graphFrom(audit)
  if (graph.edges.length === 0) return ''
  const more =
    graph.leftOut === 0 ? '' : `<p>${graph.leftOut} more groups of principals are not shown. The JSON output has all.</p>`
  return `<section><h2>Who can become administrator</h2>
<p>A dashed arrow depends on a condition.</p>
<div class="graph" tabindex="0" role="group" aria-label="Picture of the paths">${picture(graph)}</div>
${more}${table(graph)}</section>`
}
