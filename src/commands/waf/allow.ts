import { addressArgs, entryFlags, WafChangeCommand } from '../../cli/waf-command.ts'
import { checkAllow } from '../../operations/waf/index.ts'

export default class WafAllow extends WafChangeCommand {
  static override summary = 'allow an address past every rule, for a limited time'
  static override description =
    'No other rule applies to an allowed address, not even the rate limit. The gateway still requires a key.'
  static override examples = [
    '<%= config.bin %> waf allow 198.51.100.20 --ttl 8h --reason "load test"',
    '<%= config.bin %> waf allow 2001:db8:a::/56 --ttl never --reason "acme office" --yes',
  ]
  static override args = addressArgs
  static override flags = entryFlags

  async run() {
    const { args, flags } = await this.parse(WafAllow)
    return this.addToList(flags, {
      list: 'allow',
      addresses: args.address,
      check: checkAllow,
      question: (texts) => `Allow ${texts} past every rule of the web ACL?`,
    })
  }
}
