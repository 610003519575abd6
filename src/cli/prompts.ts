import { Problem } from '../domain/problem.ts'

/** Whether a command may prompt: stdin and stdout are terminals, outside CI and without --json. */
export function canAsk(json: boolean): boolean {
  return Boolean(process.stdin.isTTY && process.stdout.isTTY) && !json && process.env.CI === undefined
}

/** One prompt. `check` throws if an answer is not valid; the prompt is then repeated. */
export interface Question {
  readonly message: string
  readonly fallback?: string
  readonly hidden?: boolean
  readonly check?: (answer: string) => void
}

/** Loaded only for a prompt, because it takes longer to load than most commands take to run. */
async function inquirer() {
  return (await import('inquirer')).default
}

function validate(check: Question['check']): (answer: string) => true | string {
  return (answer) => {
    try {
      check?.(answer)
      return true
    } catch (error) {
      if (error instanceof Problem) return [error.message, error.next].filter(Boolean).join(' — ')
      throw error
    }
  }
}

export async function ask({ message, fallback, hidden, check }: Question): Promise<string> {
  const { prompt } = await inquirer()
  const common = { name: 'answer', message, validate: validate(check) } as const
  const { answer } = await prompt<{ answer: string }>([
    hidden === true
      ? { ...common, type: 'password', mask: '*' }
      : { ...common, type: 'input', ...(fallback !== undefined && { default: fallback }) },
  ])
  return answer.trim()
}

/** Reads all of stdin: for bodies, and for secrets, which must not be arguments. */
export async function readStdin(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk
  return text
}
