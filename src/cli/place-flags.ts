import type { NextCommand } from '../domain/next-step.ts'

/** The flags that select where a command works. */
const placeFlagNames = ['config', 'stage', 'registry', 'profile', 'web-acl', 'database'] as const

/** These commands do not work on a stage. */
const withoutStage = new Set(['autocomplete', 'dev', 'help', 'init', 'prove'])

/** The value of a flag as typed. A password must not be shown. */
function typedValue(argv: readonly string[], flag: string): string | undefined {
  const at = argv.findLastIndex((word) => word === flag || word.startsWith(`${flag}=`))
  const value = argv[at] === flag ? argv[at + 1] : argv[at]?.slice(flag.length + 1)
  return value === undefined || /:\/\/[^/]*:[^/]*@/.test(value) ? undefined : value
}

/**
 * The flags to add to a next command so that it works in the same place as the present one. Values from the environment or
 * apigw.yaml need no flag.
 * @param argv the arguments of the present command
 * @param takes whether a command has a flag
 */
export function placeFlags(
  { command, args }: NextCommand,
  argv: readonly string[],
  takes: (command: string, flag: string) => boolean,
): readonly string[] {
  if (withoutStage.has(command.split(' ')[0] ?? '') || args.includes('--help')) return []
  return placeFlagNames.flatMap((name) => {
    const value = takes(command, name) && !args.includes(`--${name}`) ? typedValue(argv, `--${name}`) : undefined
    return value === undefined ? [] : [`--${name}`, value]
  })
}
