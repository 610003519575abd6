import { errorFields, log } from '../process.ts'
import type { Observation } from './gateway.ts'

const namespace = 'apigw'

/**
 * The metrics of a call in CloudWatch's embedded metric format. CloudWatch reads them from the log line, so no API call is
 * needed
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 * The customer is not a dimension, because each customer would be billed as a separate metric.
 */
function metrics(seen: Observation): Record<string, unknown> {
  const names: { Name: string; Unit: string }[] = [
    { Name: 'calls', Unit: 'Count' },
    { Name: 'milliseconds', Unit: 'Milliseconds' },
  ]
  if (seen.units !== undefined && seen.status === 202) names.push({ Name: 'units', Unit: 'Count' })
  if (seen.status >= 500) names.push({ Name: 'faults', Unit: 'Count' })
  const CloudWatchMetrics = [{ Namespace: namespace, Dimensions: [['environment']], Metrics: names }]
  return { _aws: { Timestamp: Date.now(), CloudWatchMetrics }, calls: 1, ...(seen.status >= 500 && { faults: 1 }) }
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 100) / 100

/** Logs one line per call, with its metrics. It contains no secrets, phone numbers or message texts. */
export function observe({ error, ...seen }: Observation): void {
  const { milliseconds, admitMs, publishMs, ...rest } = seen
  // The load balancer's own questions would drown everything else.
  if (seen.path === '/healthz' || seen.path === '/readyz') return
  log('call', {
    environment: 'none',
    ...rest,
    milliseconds: rounded(milliseconds),
    ...(admitMs !== undefined && { admitMs: rounded(admitMs) }),
    ...(publishMs !== undefined && { publishMs: rounded(publishMs) }),
    ...(error !== undefined && errorFields(error)),
    ...metrics(seen),
  })
}

/** How many calls and connections were refused for load since the last such line. */
export function observeShed(count: number): void {
  const CloudWatchMetrics = [{ Namespace: namespace, Dimensions: [[]], Metrics: [{ Name: 'overloaded', Unit: 'Count' }] }]
  log('overloaded', { overloaded: count, _aws: { Timestamp: Date.now(), CloudWatchMetrics } })
}
