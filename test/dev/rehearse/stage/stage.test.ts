import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RehearsedStage } from '../../../../src/dev/rehearse/stage/stage.ts'
import { place, root, sentStage, variants } from '../stages.ts'

test.each(['least'])('start %s', async (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'apigw-rehearse-'))
  const lines: string[] = []
  const stage = await RehearsedStage.start({
    stacks: await sentStage(variants[name] ?? {}, root),
    place,
    folder,
    root,
    onLine: (from, line) => lines.push(`${from}: ${line}`),
  })
  try {
    console.log(lines.join('\n'))
    const answer = await stage.call({
      method: 'GET',
      target: '/healthz',
      headers: { host: 'api.example.com' },
      body: Buffer.alloc(0),
      address: '198.51.100.7',
    })
    console.log(answer.status, answer.body.toString())
    const ready = await stage.call({
      method: 'GET',
      target: '/readyz',
      headers: { host: 'api.example.com' },
      body: Buffer.alloc(0),
      address: '198.51.100.7',
    })
    console.log(ready.status, ready.body.toString())
    console.log(lines.join('\n'))
    expect(stage.findings.all).toEqual([])
  } finally {
    await stage.stop()
  }
})
