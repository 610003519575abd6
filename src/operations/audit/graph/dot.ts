import { withoutUnsafe } from '../../../domain/names.ts'
import type { Audit } from '../audit.ts'
import { graphFrom } from './model.ts'

/** A string of DOT (https://graphviz.org/doc/info/lang.html): only `"` and `\` end or change it. */
function quoted(text: string): string {
  const safe = withoutUnsafe(text.replaceAll(/\p{Cc}/gu, ' '))
  return `"${safe.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

const shapes = { user: 'ellipse', role: 'box', administrator: 'doubleoctagon' } as const

/** The paths to administrator access for Graphviz. A dashed arrow depends on conditions. */
export function dot(audit: Audit): string {
  const { nodes, edges, leftOut } = graphFrom(audit)
  const lines = [
    ...nodes.map(
      ({ id, kind, label, members }) =>
        `  ${id} [shape=${shapes[kind]}, label=${quoted(label)}, tooltip=${quoted(members.slice(0, 20).join(', ') || label)}]`,
    ),
    ...edges.map(({ from, to, ids, actions, words, on }) => {
      const tooltip = [words, ...on.map((one) => `condition: ${one}`)].join('; ')
      return `  ${from} -> ${to} [label=${quoted([...ids, ...actions].join(', '))}, tooltip=${quoted(tooltip)}${on.length > 0 ? ', style=dashed' : ''}]`
    }),
    ...(leftOut === 0 ? [] : [`  more [shape=plaintext, label=${quoted(`${leftOut} more groups of principals are not shown`)}]`]),
  ]
  return `digraph ${quoted(`who reaches administrator access in ${audit.summary.account || 'the account'}`)} {\n  rankdir=LR\n${lines.join('\n')}\n}\n`
}
