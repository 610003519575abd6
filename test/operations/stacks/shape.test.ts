import { expect, test } from 'vitest'
import type { DeploySettings } from '../../../src/domain/stage.ts'
import { checkShape, hasStack, shapeParameters } from '../../../src/operations/stacks/shape.ts'

test.each<[setting: string, settings: DeploySettings]>([
  ['front: container', { front: 'container' }],
  ['worker: container', { worker: 'container' }],
  ['registry: redis', { registry: 'redis' }],
  ['egress: endpoints', { egress: 'endpoints' }],
  ['endpointZones: 1', { endpointZones: 1 }],
  ['registryNodes: 2', { registryNodes: 2 }],
])('size: solo and %s contradict each other, and the error names both', (setting, settings) => {
  expect(() => checkShape({ size: 'solo', ...settings })).toThrow(`deploy has size: solo and ${setting}, which contradict`)
  expect(() => checkShape(settings)).not.toThrow()
})

test('a transition has both fronts and both registries, and the admin function', () => {
  const settings: DeploySettings = { size: 'solo', transition: true }
  expect(shapeParameters('edge', settings)).toEqual({ Fronts: 'both', RecordTo: 'regional' })
  expect(shapeParameters('data', settings)).toEqual({ Registries: 'both' })
  expect(shapeParameters('network', settings)).toEqual({})
  expect(hasStack('admin', settings)).toBe(true)
  expect(hasStack('admin', { size: 'solo' })).toBe(false)
})
