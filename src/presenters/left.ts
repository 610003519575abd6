import type { RestoreSettings } from '../domain/stage.ts'
import type { Left } from '../operations/stacks/index.ts'
import { plain, styled } from './output.ts'

const signs = {
  import: ['=', 'import', 'cyan'],
  restore: ['·', 'by a setting', 'dim'],
  none: ['·', 'stays', 'dim'],
  conflict: ['!', 'conflict', 'red'],
} as const

function lineOf({ how, type, name, why }: Left): string {
  const [sign, word, style] = signs[how]
  return `  ${styled(style, plain(`${`${sign} ${word}`.padEnd(15)} ${name}  ${type}  ${why}`))}`
}

/** The settings that take over what is not imported. */
function settingsText(left: readonly Left[]): string[] {
  const named = left.flatMap(({ setting, value }) => (setting === null || value === null ? [] : [{ setting, value }]))
  if (named.length === 0) return []
  const groups = Map.groupBy(named, ({ setting }): keyof RestoreSettings => setting)
  const lines = [...groups].map(([setting, all]) => {
    const others =
      all.length > 1
        ? `    # or ${all
            .slice(1)
            .map(({ value }) => value)
            .join(', ')}`
        : ''
    return plain(`        ${setting}: ${all[0]?.value}${others}`)
  })
  return ['A new stack takes these over by settings of the stage in apigw.yaml:', '    deploy:', '      restore:', ...lines]
}

/** What earlier stacks left, in an order that ends with what needs a decision. */
export function leftText(left: readonly Left[]): string {
  const order = Object.keys(signs)
  const sorted = left.toSorted((one, other) => order.indexOf(one.how) - order.indexOf(other.how))
  return [...sorted.map(lineOf), ...settingsText(left)].join('\n')
}
