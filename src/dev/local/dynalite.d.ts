/** dynalite brings no types of its own. */
declare module 'dynalite' {
  import type { Server } from 'node:http'

  interface Options {
    /** Folder that keeps the tables; absent: memory. */
    readonly path?: string
    /** How long a table takes to become active, in milliseconds. */
    readonly createTableMs?: number
  }
  export default function dynalite(options?: Options): Server
}
