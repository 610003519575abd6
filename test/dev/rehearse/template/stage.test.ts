import { expect, test } from 'vitest'
import { resolveStage } from '../../../../src/dev/rehearse/template/stage.ts'
import { hasStack } from '../../../../src/operations/stacks/shape.ts'
import { place, sentStage, shipped, variants } from '../stages.ts'

const installation = shipped()

test.each(Object.entries(variants))('every template of a stage can be resolved: %s', async (_name, settings) => {
  const stacks = resolveStage(await sentStage(settings, installation), place)
  const names = ['security', 'network', 'data', 'edge', 'gateway', 'worker']
  const expected = hasStack('admin', settings) ? [...names, 'admin'] : names
  expect([...stacks.keys()].map((name) => name.replace('apigw-prod-', ''))).toEqual(expected)
})
