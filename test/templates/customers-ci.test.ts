import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { recordOf } from '../../src/domain/record.ts'

const text = (name: string) => readFileSync(new URL(`../../templates/ci/${name}`, import.meta.url), 'utf8')

test('the workflow of GitHub gets a token of AWS only where it needs one, and never for a fork', () => {
  const workflow = recordOf(parse(text('customers-github.yml')))
  const jobs = recordOf(workflow.jobs)
  expect(workflow.permissions).toEqual({ contents: 'read' })
  expect(recordOf(jobs.validate).permissions).toBeUndefined()
  for (const name of ['diff', 'apply'])
    expect(recordOf(jobs[name]).permissions).toEqual({ contents: 'read', 'id-token': 'write' })
  expect(recordOf(jobs.diff).if).toContain('head.repo.full_name == github.repository')
  expect(recordOf(jobs.apply)).toMatchObject({
    if: "github.event_name == 'push'",
    environment: 'customers',
    concurrency: { 'cancel-in-progress': false },
  })
})

test.each(['customers-github.yml', 'customers-gitlab.yml'])(
  '%s pins what it runs, applies with a base, and removes no customer',
  (name) => {
    const workflow = text(name)
    for (const [, version = ''] of workflow.matchAll(/uses: \S+@(\S+)/g)) expect(version).toMatch(/^[0-9a-f]{40}$/)
    for (const [, version = ''] of workflow.matchAll(/image: \S+@(\S+)/g)) expect(version).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(workflow).toContain('apigw customer apply customers --base before/customers --yes')
    expect(workflow).not.toMatch(/--prune|--force-conflicts|AWS_SECRET/)
  },
)
