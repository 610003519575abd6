import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DeploySettings, engines, fronts, sizes, workers } from '../../../src/domain/stage.ts'
import { root, temporaryFolder } from '../../cli/run.ts'

const bundles = [
  'gateway',
  'gateway-dynamodb',
  'authorizer',
  'authorizer-dynamodb',
  'endpoint-addresses',
  'worker',
  'reports',
  'webhooks',
  'database-user',
  'ip-sets',
  'admin',
]

/** A folder like an installation, with the shipped templates and placeholders for the bundles of a build. */
export function shipped(): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'apigw', version: '0.0.0', oclif: { bin: 'apigw' } }))
  symlinkSync(join(root, 'templates'), join(folder, 'templates'))
  mkdirSync(join(folder, 'dist/lambda'), { recursive: true })
  for (const name of bundles) writeFileSync(join(folder, 'dist/lambda', `${name}.mjs`), '')
  writeFileSync(join(folder, 'dist/lambda/docs.br'), '')
  return folder
}

export const image = `123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/apigw@sha256:${'0'.repeat(64)}`
export const least: DeploySettings = { domain: 'api.example.com', hostedZoneId: 'Z123', alerts: 'topic' }

/** Each combination of front, worker and size that there can be; the engine and the second carrier alternate. */
export const variants: readonly (readonly [name: string, settings: DeploySettings])[] = fronts.flatMap((front, one) =>
  workers.flatMap((worker, two) =>
    sizes
      .filter((size) => size !== 'solo' || (front !== 'container' && worker !== 'container'))
      .map((size, three) => {
        const other = (one + two + three) % 2
        const engine = engines[other]
        const settings = { ...least, front, worker, size, engine, image, ...(other === 1 && { secondCarrier: 'carrier-b' }) }
        return [`front ${front}, worker ${worker}, size ${size}, ${engine}`, settings] as const
      }),
  ),
)
