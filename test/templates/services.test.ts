import { expect, it } from 'vitest'
import { mapOf, resourcesOf } from './stacks.ts'

// An update of a service sets DesiredCount, and with it fewer tasks than autoscaling has set under load
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html). Without it, a new
// service starts with one task, and the registered target raises it to its minimum
// (https://docs.aws.amazon.com/autoscaling/application/userguide/getting-started.html).
it('an update of a service with autoscaling keeps the number of its tasks', () => {
  const targets = resourcesOf('AWS::ApplicationAutoScaling::ScalableTarget')
  const services = resourcesOf('AWS::ECS::Service')
  expect(services).toHaveLength(2)
  for (const { stack, resource } of services) {
    const target = targets.find((one) => one.stack === stack)?.resource.properties
    expect(JSON.stringify(target?.ResourceId)).toContain(`\${${resource.name}.Name}`)
    expect(mapOf(target?.MinCapacity).Ref).toBe('MinTasks')
    expect(resource.properties, stack).not.toHaveProperty('DesiredCount')
  }
})
