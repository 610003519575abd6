import { describe, expect, test } from 'vitest'
import type { DeploySettings } from '../../../src/domain/stage.ts'
import { planStage } from '../../../src/operations/stacks/index.ts'
import { sentParameters } from '../../../src/operations/stacks/sent.ts'
import { templateParameters } from '../../../src/operations/stacks/template.ts'
import { least, shipped, variants } from './variants.ts'

const plansOf = (settings: DeploySettings) => planStage({ name: 'prod', region: 'ap-northeast-2', settings }, [], shipped())

describe.each(variants)('%s', (_, settings) => {
  test('sends a value for every parameter without a default', async () => {
    for (const plan of await plansOf(settings)) {
      const given = new Set([...Object.keys(sentParameters(plan, 'bucket')), ...plan.inputs.map(({ parameter }) => parameter)])
      const required = templateParameters(plan.template).filter((one) => one.required)
      expect(
        required.map(({ name }) => name).filter((name) => !given.has(name)),
        plan.key,
      ).toEqual([])
    }
  })
  test('lets the database grow by at least the 26 % that RDS recommends', async () => {
    // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
    const data = (await plansOf(settings)).find(({ key }) => key === 'data')
    if (data === undefined) throw new Error('there is no data stack')
    const defaults = templateParameters(data.template).map(({ name, fallback }) => [name, fallback])
    const { DatabaseGigabytes, DatabaseMaxGigabytes } = { ...Object.fromEntries(defaults), ...data.parameters }
    expect(Number(DatabaseMaxGigabytes)).toBeGreaterThanOrEqual(1.26 * Number(DatabaseGigabytes))
  })
})

test('a disk that could not grow is reported before anything is deployed', async () => {
  const grown = (data: Readonly<Record<string, number>>) => plansOf({ ...least, parameters: { data } })
  await expect(grown({ DatabaseGigabytes: 190 })).rejects.toMatchObject({
    code: 'config-invalid',
    message: 'The database starts with 190 GB and may grow to 200 GB, but RDS requires a maximum of at least 209 GB.',
    next: 'set deploy.parameters.data.DatabaseMaxGigabytes of the stage in apigw.yaml to 240 or more',
  })
  await expect(grown({ DatabaseGigabytes: 190, DatabaseMaxGigabytes: 209 })).resolves.toHaveLength(7)
})
