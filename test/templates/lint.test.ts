import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { audit, readOffline } from '../../src/operations/audit/index.ts'
import { hasLint, lint } from '../support/cfn-lint.ts'
import { temporaryFolder } from '../support/names.ts'
import { forStage, resourcesOf, type Stack, stacks } from './stacks.ts'

const now = Date.parse('2026-11-23T00:00:00Z')

async function findingsOf(path: string) {
  const account = await readOffline({ template: path, stdin: async () => '', now })
  const { findings } = await audit(account, now)
  return findings.map(({ rule, resource, title }) => `${rule} ${resource}: ${title}`)
}

/** The template with a person in each of its groups. Without members, a group has no permissions to check. */
function peopled({ template, name }: Stack): string {
  const groups = resourcesOf('AWS::IAM::Group').filter(({ stack }) => stack === name)
  const people = groups.map(({ resource }) => [
    `${resource.name}Person`,
    {
      Type: 'AWS::IAM::User',
      Properties: { UserName: resource.name, Groups: [forStage(resource.properties.GroupName, 'prod')] },
    },
  ])
  const resources = JSON.parse(JSON.stringify(template.Resources).replaceAll('${Stage}', 'prod'))
  const path = join(temporaryFolder(), `${name}.json`)
  writeFileSync(path, JSON.stringify({ ...template, Resources: { ...resources, ...Object.fromEntries(people) } }))
  return path
}

it.runIf(hasLint)('cfn-lint has no findings', () => {
  const paths = stacks.map(({ path }) => path)
  expect(lint(paths, ['--regions', 'ap-northeast-2', 'us-east-1'])).toBe('')
})

describe.each(stacks)('in the $name stack', (stack) => {
  it('the audit has no findings, also for the members of its groups', async () => {
    expect(await findingsOf(stack.path)).toEqual([])
    expect(await findingsOf(peopled(stack))).toEqual([])
  })
})
