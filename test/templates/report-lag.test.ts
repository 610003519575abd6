import { describe, expect, it } from 'vitest'
import { stackNamed } from './stacks.ts'

const { resources } = stackNamed('worker')
const propertiesOf = (name: string) => resources.find((resource) => resource.name === name)?.properties

describe('the alarm on the lag of reports', () => {
  it('reads the lag that the pump reports, and treats missing data as breaching', () => {
    expect(propertiesOf('ReportLag')).toMatchObject({
      FilterPattern: '{ $.event = "lag" }',
      MetricTransformations: [{ MetricNamespace: 'apigw', MetricValue: '$.lagMs' }],
    })
    // A default value would be published for every other log line, and hide a silent pump.
    expect(JSON.stringify(propertiesOf('ReportLag'))).not.toContain('DefaultValue')
    expect(propertiesOf('ReportsLag')).toMatchObject({ TreatMissingData: 'breaching', EvaluationPeriods: 5 })
  })
})
