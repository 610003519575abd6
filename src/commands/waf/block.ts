import { Flags } from '@oclif/core'
import { addressArgs, entryFlags, WafChangeCommand } from '../../cli/waf-command.ts'
import { myAddresses, restrictedKeys } from '../../cli/waf-lockout.ts'
import type { Context } from '../../operations/customers/index.ts'
import { type Change, type Cidr, checkBlock } from '../../operations/waf/index.ts'

const unknownAddress =
  'Your public address could not be determined, so the lockout check was skipped. Set it with --my-address ADDRESS.'

export default class WafBlock extends WafChangeCommand {
  static override summary = 'block an address, for a limited time'
  static override description =
    'Takes effect within seconds, and asks for confirmation only if a range is wide. Refuses addresses that would lock you out: your own, those on the allow list, and the internal addresses of load balancers. Each command that changes the lists also removes expired entries.'
  static override examples = [
    '<%= config.bin %> waf block 203.0.113.7 --reason "password guessing"',
    '<%= config.bin %> waf block 203.0.113.0/24 2001:db8:7::/48 --ttl 7d --reason "ticket 42"',
    '<%= config.bin %> waf block - --reason "provider list" --dry-run',
  ]
  static override args = addressArgs
  static override flags = {
    ...entryFlags,
    wide: Flags.boolean({ default: false, env: 'APIGW_WIDE', summary: 'accept ranges wider than /16 (IPv4) or /32 (IPv6)' }),
    'my-address': Flags.string({
      env: 'APIGW_MY_ADDRESS',
      helpValue: 'ADDRESS',
      summary: 'your public address (default: from checkip.amazonaws.com)',
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
    const question = (texts: string) => `Block ${texts}? A wide range contains many callers.`
    return this.addToList(flags, { list: 'block', addresses: args.address, check, question: flags.wide ? question : undefined })
  }
}
