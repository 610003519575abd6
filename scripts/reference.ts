import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Config } from '@oclif/core'
import { problemTable } from '../src/domain/problem.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const page = `${root}/docs/reference.md`
const mark = '<!-- generated below by scripts/reference.ts -->\n'

function problems(): string {
  const rows = Object.entries(problemTable).map(
    ([code, { status, exit, retryable, title }]) =>
      `| \`${code}\` | ${status ?? '–'} | ${exit} | ${retryable ? 'yes' : 'no'} | ${title} |`,
  )
  return [
    '## Codes',
    '',
    'The API answers with the status; a command ends with the exit code. A code without a status never leaves over HTTP.',
    '',
    '| code | status | exit | retry | |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

function cell(text: string | undefined): string {
  return (text ?? '').replaceAll('|', '\\|').replaceAll('\n', ' ')
}

async function commands(): Promise<string> {
  const config = await Config.load(root)
  const own = config.commands
    .filter((command) => command.pluginName === config.pjson.name)
    .sort((a, b) => a.id.localeCompare(b.id))
  const sections = own.map((command) => {
    const args = Object.values(command.args).map((arg) =>
      arg.required ? ` ${arg.name.toUpperCase()}` : ` [${arg.name.toUpperCase()}]`,
    )
    const flags = Object.values(command.flags).filter((flag) => flag.helpGroup !== 'GLOBAL' && flag.name !== 'json')
    const rows = flags.map((flag) => {
      const fallback = flag.type === 'option' && typeof flag.default === 'string' ? ` (default ${flag.default})` : ''
      return `| \`--${flag.name}\` | \`${flag.env}\` | ${cell(flag.summary)}${fallback} |`
    })
    const table = rows.length === 0 ? [] : ['', '| flag | variable | |', '|---|---|---|', ...rows]
    return [`### apigw ${command.id.replaceAll(':', ' ')}${args.join('')}`, '', `${command.summary}.`, ...table].join('\n')
  })
  const global =
    'Every command also has `--config`, `--stage`, `--registry` (variables `APIGW_CONFIG`, `APIGW_STAGE`, `APIGW_REGISTRY`) and `--json`; `dev` has no `--registry`.'
  return ['## Commands', '', global, '', sections.join('\n\n')].join('\n')
}

/** The reference page with its second half made anew from the code. */
export async function currentReference(): Promise<string> {
  const [written = ''] = readFileSync(page, 'utf8').split(mark)
  return `${written}${mark}\n${await commands()}\n\n${problems()}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, await currentReference())
