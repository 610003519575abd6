import { Flags } from '@oclif/core'
import type { Context } from '../../operations/customers/index.ts'
import { type Change, type Cidr, checkBlock } from '../../operations/waf/index.ts'
import { myAddresses, restrictedKeys } from '../../presenters/waf.ts'
import { addressArgs, entryFlags, WafChangeCommand } from '../../presenters/waf-change.ts'

const unknownAddress =
  'Your own public address could not be found out, so whether this cuts you off was not checked: --my-address ADDRESS.'

export default class WafBlock extends WafChangeCommand {
  static override summary = 'let an address through no more, for a time'
  static override description =
    'Takes effect within seconds, and asks nothing unless a range is wide. Refuses what would lock you out: your own address, one of the allow list, one that a load balancer has inside. Each command that changes the lists also takes away what is due.'
  static override examples = [
    '<%= config.bin %> waf block 203.0.113.7 --reason "guesses passwords"',
    '<%= config.bin %> waf block 203.0.113.0/24 2001:db8:7::/48 --ttl 7d --reason "ticket 42"',
    '<%= config.bin %> waf block - --reason "list of our provider" --dry-run',
  ]
  static override args = addressArgs
  static override flags = {
    ...entryFlags,
    wide: Flags.boolean({ default: false, env: 'APIGW_WIDE', summary: 'also ranges wider than /16 (IPv4) or /32 (IPv6)' }),
    'my-address': Flags.string({
      env: 'APIGW_MY_ADDRESS',
      helpValue: 'ADDRESS',
      summary: 'your own public address (default: asked of checkip.amazonaws.com)',
    }),
  }

  async run() {
    const { args, flags } = await this.parse(WafBlock)
    const check = async (change: Change, cidrs: readonly Cidr[], context: Context | undefined) => {
      const { mine, known } = await myAddresses(flags['my-address'], cidrs)
      const keys = context === undefined ? [] : await restrictedKeys(context.registry)
      const remarks = await checkBlock(change, cidrs, { mine, keys, wide: flags.wide })
      return known ? remarks : [unknownAddress, ...remarks]
    }
    const question = (texts: string) => `Block ${texts}? Wide ranges hold many callers.`
    return this.put(flags, { list: 'block', addresses: args.address, check, question: flags.wide ? question : undefined })
  }
}
