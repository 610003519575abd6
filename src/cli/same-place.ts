/** The flags that say where a command works, and which commands take them. */
const places: readonly (readonly [flag: string, takes: RegExp])[] = [
  ['config', /^/],
  ['stage', /^/],
  ['registry', /^/],
  ['profile', /^(?:bootstrap|deploy|destroy|diff|doctor|logs|outputs|status|waf|trail (?:install|status|test|uninstall|dlq))\b/],
  ['web-acl', /^waf\b/],
  ['database', /^(?:doctor|schema)\b/],
]

/** These work on no stage. */
const anywhere = /^(?:autocomplete|dev|help|init|prove)\b|--help/

/** A command in a sentence ends where the sentence goes on. */
const told = /(?<![\w./@=-])apigw ([a-z][^,;()\n]*?)(?= and | to see |[,;()\n]|$)/g

/** A value as a shell takes it for one word. */
function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`
}

/** What a flag was given; a password is not for the screen. */
function given(argv: readonly string[], flag: string): string | undefined {
  const at = argv.findLastIndex((word) => word === flag || word.startsWith(`${flag}=`))
  const value = argv[at] === flag ? argv[at + 1] : argv[at]?.slice(flag.length + 1)
  return value === undefined || /:\/\/[^/]*:[^/]*@/.test(value) ? undefined : value
}

/**
 * Gives each command of a text the flags that said where the present one works, so that it does there what is meant when it
 * is copied. What the environment or apigw.yaml says needs no flag: it says the same the next time.
 * @param argv what was typed
 * @param commands the first words of all commands; any other word behind the program's name is part of a sentence
 */
export function samePlace(text: string, argv: readonly string[], commands: ReadonlySet<string>): string {
  return text.replaceAll(told, (all, command: string) => {
    if (anywhere.test(command) || !commands.has(command.split(' ')[0] ?? '')) return all
    const missing = places.flatMap(([name, takes]) => {
      const value = takes.test(command) && !`${command} `.includes(` --${name} `) ? given(argv, `--${name}`) : undefined
      return value === undefined ? [] : [`--${name}`, quoted(value)]
    })
    return [`apigw ${command}`, ...missing].join(' ')
  })
}
