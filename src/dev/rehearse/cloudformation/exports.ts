import type { Stack } from './stack.ts'

/**
 * Exports and imports of the stacks of a region
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html): a name is exported once, and
 * what another stack imports can neither be changed nor removed.
 */
export function refusalOfExports(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  others: readonly Stack[],
): string | undefined {
  for (const name of Object.keys(after)) {
    const owner = others.find((stack) => Object.hasOwn(stack.exports, name))
    if (owner !== undefined) return `Export with name ${name} is already exported by stack ${owner.name}.`
  }
  for (const [name, value] of Object.entries(before)) {
    if (after[name] === value) continue
    const users = importers(name, others)
    const verb = Object.hasOwn(after, name) ? 'updated' : 'deleted'
    if (users.length > 0) return `Export ${name} cannot be ${verb} as it is in use by ${users.join(', ')}`
  }
  return undefined
}

/** The names of the stacks that import a value. */
export function importers(name: string, stacks: readonly Stack[]): string[] {
  return stacks.filter(({ imports }) => imports.includes(name)).map((stack) => stack.name)
}
