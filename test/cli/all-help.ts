import { run } from '@oclif/core'

/**
 * The help of many commands from one process: a process for each takes a minute.
 * Its arguments are the root of the installation and the names; it prints their texts as a JSON list.
 */
const [root = '', ...names] = process.argv.slice(2)
const write = process.stdout.write.bind(process.stdout)
const texts: string[] = []
for (const name of names) {
  let text = ''
  process.stdout.write = (chunk) => {
    text += String(chunk)
    return true
  }
  await run([...name.split(' ').filter(Boolean), '--help'], root)
  texts.push(text)
}
write(JSON.stringify(texts))
