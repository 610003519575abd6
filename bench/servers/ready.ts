/** Reports the listening address to the parent process, and exits when the parent exits. */
export function ready(port: number): void {
  process.on('disconnect', () => process.exit())
  process.send?.(port)
}
