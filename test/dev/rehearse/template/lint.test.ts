import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { resolveStage } from '../../../../src/dev/rehearse/template/stage.ts'
import { hasLint, lint } from '../../../support/cfn-lint.ts'
import { temporaryFolder } from '../../../support/names.ts'
import { place, sentStage, shipped, variants } from '../stages.ts'

/**
 * Rules about how a template is written, which a resolved one cannot follow (W3010, E3502), and about versions of RDS, of which
 * the template names only the major one (E3691, W3691; see its Metadata).
 */
const ignored = ['W3010', 'E3502', 'E3691', 'W3691']
const set = (name: string) =>
  `arn:aws:wafv2:${place.region}:${place.account}:regional/ipset/${name}/00000000-0000-4000-8000-000000000000`
const answers = () => ({
  AllowV4: set('allow-v4'),
  AllowV6: set('allow-v6'),
  BlockV4: set('block-v4'),
  BlockV6: set('block-v6'),
  First: '10.40.32.10',
  Second: '10.40.48.10',
})

/** The templates of all variants with their parameters put in, each once. */
async function resolvedTemplates(): Promise<readonly string[]> {
  const installation = shipped()
  const folder = temporaryFolder()
  const texts = new Map<string, string>()
  for (const [variant, settings] of Object.entries(variants)) {
    for (const stack of resolveStage(await sentStage(settings, installation), place, answers).values()) {
      const resources = [...stack.resources].map(([id, { type, properties }]) => [id, { Type: type, Properties: properties }])
      const path = join(folder, `${stack.name} of ${variant.replaceAll(/\W+/g, '-')}.json`)
      texts.set(JSON.stringify({ Resources: Object.fromEntries(resources) }), path)
    }
  }
  for (const [text, path] of texts) writeFileSync(path, text)
  return [...texts.values()]
}

test.runIf(hasLint)(
  'cfn-lint has no findings in any variant of a stage with its parameters',
  async () => {
    const paths = await resolvedTemplates()
    expect(paths.length).toBeGreaterThan(20)
    expect(lint(paths, ['--regions', place.region, '--ignore-checks', ...ignored])).toBe('')
  },
  180_000,
)
