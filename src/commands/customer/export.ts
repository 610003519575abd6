import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { repeated } from '../../cli/repeated.ts'
import { whereFlag } from '../../cli/where.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import { type ExportedCustomer, exportCustomers, fileHead } from '../../operations/configuration/index.ts'
import { matching } from '../../operations/customers/index.ts'

/** Written beside it first: a file that is cut off in the middle would read as another configuration. */
async function writeWhole(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`
  await writeFile(beside, text)
  await rename(beside, path)
}

async function existing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}

export default class CustomerExport extends BaseCommand {
  static override summary = 'write the configuration of customers as YAML'
  static override description =
    'Writes everything that an operator decides: limits, routes, senders, what may be sent, and keys as digests. Never a secret, nothing that was spent, no audit log. Reading the file again with apply changes nothing.'
  static override examples = [
    '<%= config.bin %> customer export > customers.yaml',
    '<%= config.bin %> customer export --folder customers --without-revision',
    '<%= config.bin %> customer export --where state=suspended',
  ]
  static override flags = {
    where: whereFlag,
    folder: Flags.string({ env: 'APIGW_FOLDER', helpValue: 'DIR', summary: 'write one file for each customer into this folder' }),
    overwrite: Flags.boolean({
      default: false,
      env: 'APIGW_OVERWRITE',
      summary: 'replace files that differ; their comments are lost',
    }),
    'without-revision': Flags.boolean({
      default: false,
      env: 'APIGW_WITHOUT_REVISION',
      summary: 'do not note what was exported; apply then needs --base to find the changes of others',
    }),
    sealed: Flags.boolean({
      default: false,
      env: 'APIGW_SEALED',
      summary: 'with HMAC secrets, encrypted under the master key: to apply the file to another registry',
    }),
  }

  async run() {
    const { flags } = await this.parse(CustomerExport)
    const conditions = matching(repeated(flags.where) ?? [])
    return this.withRegistry(flags, async (registry) => {
      const now = await registry.now()
      const { sealed, folder } = flags
      const revision = !flags['without-revision']
      const matches = (profile: Parameters<typeof conditions>[0]) => conditions(profile, now)
      const customers: ExportedCustomer[] = []
      for await (const one of exportCustomers(registry, { revision, sealed, matches })) customers.push(one)
      const unsealed = customers.reduce((sum, one) => sum + one.unsealed, 0)
      if (unsealed > 0) {
        this.note(`${quantity(unsealed, 'HMAC key')} without the secret: another registry would refuse them. See --sealed.`)
      }
      if (folder === undefined) {
        const text = customers.length === 0 ? `${fileHead.trimEnd()} {}\n` : fileHead + customers.map((one) => one.text).join('')
        if (!this.jsonEnabled()) process.stdout.write(text)
        return { customers: customers.length, text, folder: null, written: [], unchanged: 0, unsealed }
      }
      const written = await this.#toFolder(folder, customers, flags.overwrite)
      const unchanged = customers.length - written.length
      this.log(`${quantity(written.length, 'file')} written to ${folder}, ${unchanged} as before.`)
      return { customers: customers.length, text: null, folder, written, unchanged, unsealed }
    })
  }

  /** Nothing is written unless everything may be. */
  async #toFolder(folder: string, customers: readonly ExportedCustomer[], overwrite: boolean): Promise<string[]> {
    await mkdir(folder, { recursive: true })
    const files: { path: string; text: string; before: string | undefined }[] = []
    for (const { id, text } of customers) {
      const path = join(folder, `${id}.yaml`)
      files.push({ path, text: fileHead + text, before: await existing(path) })
    }
    const changed = files.filter(({ text, before }) => text !== before)
    const [first, ...more] = changed.filter(({ before }) => before !== undefined)
    if (first !== undefined && !overwrite) {
      const others = more.length === 0 ? '' : ` and ${more.length} more`
      throw new Problem('config-exists', `${first.path}${others} would be replaced. Nothing was written.`, {
        next: step`compare first: ${apigw('customer diff', folder)}; or add --overwrite`,
      })
    }
    for (const { path, text } of changed) await writeWhole(path, text)
    return changed.map(({ path }) => path)
  }
}
