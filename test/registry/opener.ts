/** Opens each registry that it is sent, and reports the result: a separate process for failure-sqlite.test.ts. */
import { openRegistry } from '../../src/registry/index.ts'

process.on('message', async (path) => {
  try {
    await (await openRegistry(`sqlite:${path}`)).close()
    process.send?.('opened')
  } catch (error) {
    process.send?.(String(error))
  }
})
process.send?.('ready')
