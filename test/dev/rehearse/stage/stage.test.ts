import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { playMessages, type Step } from '../../../../src/dev/rehearse/play/messages.ts'
import { RehearsedStage } from '../../../../src/dev/rehearse/stage/stage.ts'
import { image, least, place, root, sentStage } from '../stages.ts'

// Each kind of stage once: functions and containers, both engines, endpoints and NAT, one carrier and two.
const kinds = {
  'functions behind endpoints, MariaDB': least,
  'functions behind NAT, PostgreSQL, two carriers': {
    ...least,
    engine: 'postgres',
    egress: 'nat',
    secondCarrier: 'beta',
  },
  'containers, PostgreSQL': { ...least, engine: 'postgres', front: 'container', worker: 'container', image },
  'containers behind endpoints, MariaDB, two carriers': {
    ...least,
    front: 'container',
    worker: 'container',
    image,
    egress: 'endpoints',
    secondCarrier: 'beta',
  },
  'solo, MariaDB': { ...least, size: 'solo' },
} as const

test.each(Object.entries(kinds))('carries messages from the front door to the carrier and back: %s', async (_name, settings) => {
  const folder = mkdtempSync(join(tmpdir(), 'apigw-rehearse-'))
  const lines: string[] = []
  const stage = await RehearsedStage.start({
    stacks: await sentStage(settings, root),
    place,
    folder,
    root,
    onLine: (from, line) => lines.push(`${from}: ${line}`),
  })
  const steps: Step[] = []
  try {
    await playMessages(stage, (step) => steps.push(step))
    expect({ findings: stage.findings.all, failed: steps.filter(({ passed }) => !passed) }, lines.join('\n')).toEqual({
      findings: [],
      failed: [],
    })
    expect(steps).toHaveLength(11)
  } finally {
    await stage.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
