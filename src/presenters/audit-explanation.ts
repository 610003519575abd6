import type { Explanation } from '../operations/audit/index.ts'
import { plain, styled } from './output.ts'

type Layer = Explanation['layers'][number]
type Statement = Layer['statements'][number]

const verdicts = {
  allowed: ['green', 'ALLOWED'],
  denied: ['red', 'DENIED'],
  depends: ['yellow', 'DEPENDS'],
} as const
const effects = { allows: 'allow it', depends: 'depends', denies: 'deny it', silent: 'do not allow it' } as const
const applied = { yes: '', maybe: 'depends', no: 'does not apply' } as const

function statementText({ effect, place, applies, why, conditions }: Statement): string {
  const note = why ?? applied[applies]
  const shown = applies === 'no' ? conditions.filter(({ holds }) => holds === 'no') : conditions
  return [
    `    ${effect.padEnd(5)}  ${plain(place)}${note === '' ? '' : styled('dim', `  ${note}`)}`,
    ...(why === null ? shown : []).map(({ text, words }) => `           ${plain(text)}: ${plain(words)}`),
  ].join('\n')
}

function layerText({ name, effect, statements }: Layer): string {
  const head = `  ${styled('bold', plain(name))}: ${statements.length === 0 ? 'name no such action' : effects[effect]}`
  return [head, ...statements.map(statementText)].join('\n')
}

/** The explanation for a terminal: the verdict, what decided it, what is open, and what each kind of policy says. */
export function explanationText({
  principal,
  action,
  resource,
  verdict,
  because,
  on,
  openKeys,
  choices,
  layers,
}: Explanation): string {
  const [style, word] = verdicts[verdict]
  const chosen = Object.entries(choices).map(([key, text]) => (text === null ? `without ${key}` : `${key} = ${text}`))
  return [
    `${styled(['bold', style], word)}  ${plain(principal)}: ${plain(action)} on ${plain(resource)}`,
    `  ${plain(because)}`,
    ...on.map((one) => `  depends on: ${plain(one)}`),
    ...openKeys.map((one) => `  open: ${plain(one)}`),
    ...(chosen.length === 0 ? [] : [`  the caller chooses: ${plain(chosen.join(', '))}`]),
    '',
    ...layers.map(layerText),
  ].join('\n')
}
