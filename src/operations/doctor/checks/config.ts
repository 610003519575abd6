import { apigw } from '../../../domain/next-step.ts'
import type { Check, Places } from '../check.ts'

export function checkConfig({ configPath, stage }: Places): Check {
  if (configPath !== undefined) return { name: 'config', state: 'ok', detail: `${configPath}, stage ${stage}` }
  return { name: 'config', state: 'warn', detail: 'no apigw.yaml here: local defaults are used', fix: apigw('init') }
}
