#!/usr/bin/env node
import module from 'node:module'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `Error: apigw needs Node 22.18 or later, and this is ${process.versions.node}.\n` +
      'Next:  install it; inside this repository, "npx apigw" uses the one that npm ci brought\n',
  )
  process.exit(1)
}

// Whoever read our output has had enough, as `head` does: that is no error.
process.stdout.on('error', (error) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0)
})

// Compiled code is kept between runs: about 10 ms of each start.
module.enableCompileCache?.()
const { execute } = await import('@oclif/core')
await execute({ dir: import.meta.url })
