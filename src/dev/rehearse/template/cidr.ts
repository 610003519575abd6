/** The 32 bits of an IPv4 address. */
function bitsOf(address: string): number {
  return address.split('.').reduce((bits, part) => bits * 256 + Number(part), 0)
}

function addressOf(bits: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(bits / 2 ** shift) % 256).join('.')
}

/**
 * The blocks that `Fn::Cidr` cuts an IPv4 block into.
 * @param hostBits of each block, so 8 gives blocks of `/24`
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-cidr.html
 */
export function cidrBlocks(block: string, count: number, hostBits: number): string[] {
  const [address = ''] = block.split('/')
  return Array.from({ length: count }, (_, at) => `${addressOf(bitsOf(address) + at * 2 ** hostBits)}/${32 - hostBits}`)
}
