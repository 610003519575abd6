import type { Owner } from './ledger.ts'

export interface StoredMedia {
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly storedAt: number
}

/** Images that messages refer to by the hash of their content. */
export interface Media {
  /** Stores an image. The same content is stored once. */
  put(owner: Owner, id: string, content: Uint8Array): Promise<void>
  /**
   * @param signal ends the look-up
   * @returns `undefined`: this owner has no such image
   * @throws Problem `media-unavailable`
   */
  find(owner: Owner, id: string, signal?: AbortSignal): Promise<StoredMedia | undefined>
  close(): void
}

/** Where an image lies in the bucket: the carrier's table names it so. Customers never share an object. */
export function mediaKey({ customer, environment }: Owner, id: string): string {
  return `${environment}/${customer}/${id}.jpg`
}
