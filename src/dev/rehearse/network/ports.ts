/** A range of ports, both ends included. */
export interface Ports {
  readonly from: number
  readonly to: number
}

export const allPorts: Ports = { from: 0, to: 65_535 }

/**
 * The ports that a client calls from, and so the ports that answers come to. An ACL has to let all of them in
 * (https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html).
 */
export const answerPorts = {
  /** The default of Linux, net.ipv4.ip_local_port_range (https://docs.kernel.org/networking/ip-sysctl.html). */
  task: { from: 32_768, to: 60_999 },
  function: { from: 1024, to: 65_535 },
  balancer: { from: 1024, to: 65_535 },
  nat: { from: 1024, to: 65_535 },
  /** The clients of a public address have any system. */
  internet: { from: 1024, to: 65_535 },
} as const satisfies Readonly<Record<string, Ports>>

export function portsText({ from, to }: Ports): string {
  return from === to ? String(from) : `${from}-${to}`
}

export function countOf(ranges: readonly Ports[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0)
}

export function common(one: Ports, other: Ports): Ports | undefined {
  const both = { from: Math.max(one.from, other.from), to: Math.min(one.to, other.to) }
  return both.from <= both.to ? both : undefined
}

/** What is left of a range without another one. */
export function without(range: Ports, taken: Ports): Ports[] {
  return [
    { from: range.from, to: Math.min(range.to, taken.from - 1) },
    { from: Math.max(range.from, taken.to + 1), to: range.to },
  ].filter(({ from, to }) => from <= to)
}
