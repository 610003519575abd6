import { checkAllow } from '../../operations/waf/index.ts'
import { addressArgs, entryFlags, WafChangeCommand } from '../../presenters/waf-change.ts'

export default class WafAllow extends WafChangeCommand {
  static override summary = 'let an address past every rule of the web ACL, for a time'
  static override description =
    'An allowed address is held by no other rule, also not by the one against too many calls. The gateway still wants its key.'
  static override examples = [
    '<%= config.bin %> waf allow 198.51.100.20 --ttl 8h --reason "load test"',
    '<%= config.bin %> waf allow 2001:db8:a::/56 --ttl never --reason "office of acme" --yes',
  ]
  static override args = addressArgs
  static override flags = entryFlags

  async run() {
    const { args, flags } = await this.parse(WafAllow)
    return this.put(flags, {
      list: 'allow',
      addresses: args.address,
      check: checkAllow,
      question: (texts) => `Let ${texts} past every rule of the web ACL?`,
    })
  }
}
