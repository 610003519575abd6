/** Tells the process that started us where we listen, and ends with it, however it ends. */
export function ready(port: number): void {
  process.on('disconnect', () => process.exit())
  process.send?.(port)
}
