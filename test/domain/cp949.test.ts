import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { decodeCp949 } from '../../src/domain/cp949.ts'

const hex = (text: string) => decodeCp949(Buffer.from(text, 'hex'))

describe('CP949', () => {
  // By Python's codec cp949.
  it.each([
    ['갂', '8141'],
    ['똠', '8c63'],
    ['힣', 'c652'],
    ['뷁', '94ee'],
    ['안녕 a', 'bec8b3e72061'],
    ['’', 'a1af'],
    ['', ''],
  ])('reads %s', (text, bytes) => {
    expect(hex(bytes)).toBe(text)
  })

  it('has each of the 11,172 syllables once', () => {
    const found = new Set<string>()
    for (let lead = 0x81; lead <= 0xfe; lead++) {
      for (let trail = 0x41; trail <= 0xfe; trail++) {
        const text = decodeCp949(Uint8Array.of(lead, trail))
        if (text.length === 1 && text >= '가' && text <= '힣') found.add(text)
      }
    }
    expect(found.size).toBe(11_172)
  })

  it('has the pairs of the reference', () => {
    const pairs = new Map<string, string>()
    for (let lead = 0x81; lead <= 0xfe; lead++) {
      for (let trail = 0x41; trail <= 0xfe; trail++) {
        const bytes = Uint8Array.of(lead, trail)
        const text = decodeCp949(bytes)
        if (text.length === 1) pairs.set(text, Buffer.from(bytes).toString('hex'))
      }
    }
    const all = Array.from({ length: 11_172 }, (_, at) => pairs.get(String.fromCharCode(0xac00 + at)) ?? '').join('')
    // ''.join(chr(c) for c in range(0xac00, 0xd7a4)).encode('cp949'), in Python.
    expect(hash('sha256', Buffer.from(all, 'hex'))).toBe('9d355925bccc44ae41885b4e53eb25cf5f2f5f52000c586e3b8cd938791447bd')
  })

  it.each([
    ['ff41', '\ufffdA'],
    ['80', '\ufffd'],
    ['b0', '\ufffd'],
    ['b020b0a1', '\ufffd 가'],
    ['c653', '\ufffdS'],
  ])('shows that %s is not Korean', (bytes, text) => {
    expect(hex(bytes)).toBe(text)
  })
})
