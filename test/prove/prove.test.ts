import { expect, it } from 'vitest'
import { prove } from '../../src/prove/index.ts'

it('through kills, cuts and an empty registry nothing is lost, doubled or oversold', async () => {
  const told: string[] = []
  const proof = await prove({
    messages: 1_000,
    rounds: 8,
    tell: (line) => void told.push(line),
    signal: new AbortController().signal,
  })
  expect(proof).toMatchObject({ registry: 'Redis', database: 'MariaDB', accepted: 1_000, lost: 0, duplicated: 0, oversold: 0 })
  // Each kind of fault was met, and messages had to be sent again.
  expect(Object.keys(proof.faults)).toHaveLength(8)
  expect(proof.redelivered).toBeGreaterThan(0)
  expect(told).toHaveLength(8)
  // A call whose gateway is killed may be made again only after its lease of a minute.
}, 240_000)
