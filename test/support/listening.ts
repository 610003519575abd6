import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** State LISTEN in /proc/net/tcp (include/net/tcp_states.h of Linux). */
const listenState = '0A'

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // The process may have ended in between.
    return ''
  }
}

/** A process and all its descendants. */
function familyOf(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
  return [pid, ...children.flatMap(familyOf)]
}

function socketsOf(pid: number): string[] {
  let names: string[] = []
  try {
    names = readdirSync(`/proc/${pid}/fd`)
  } catch {
    return []
  }
  return names.flatMap((name) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1] ?? []
    } catch {
      return []
    }
  })
}

/** Linux writes an address as 32-bit words in native byte order. */
function isLoopback(hex: string): boolean {
  const bytes = Buffer.from(hex, 'hex')
  bytes.swap32()
  if (bytes.length === 4) return bytes[0] === 127
  const text = bytes.toString('hex')
  return text === `${'0'.repeat(31)}1` || text.startsWith(`${'0'.repeat(20)}ffff7f`)
}

export interface Listening {
  /** Ports on the loopback address. */
  readonly loopback: readonly number[]
  /** Ports on any other address, which other machines can reach. */
  readonly open: readonly number[]
}

/** The addresses that a process and its children listen on, according to Linux. */
export function listeningOf(pid: number): Listening {
  const sockets = new Set(familyOf(pid).flatMap(socketsOf))
  const loopback: number[] = []
  const open: number[] = []
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of read(table).split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      if (state !== listenState || !sockets.has(inode)) continue
      const [address = '', port = ''] = local.split(':')
      ;(isLoopback(address) ? loopback : open).push(Number.parseInt(port, 16))
    }
  }
  return { loopback, open }
}
