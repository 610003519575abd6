import type { GatewayClient } from '../../client/index.ts'
import type { Reason } from './decide-answer.ts'
import type { ObserveAgent } from './events.ts'
import type { MediaFiles } from './media-files.ts'
import { WaitingRows } from './waiting-rows.ts'

/** The images of a row: the gateway's ids of them, or why they cannot be sent. */
export type Attached =
  | { readonly kind: 'media'; readonly media: readonly string[] }
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string }

/** A row that is sent with images. */
export interface WithImages {
  readonly key: string
  readonly messageKey: string
  readonly images: readonly string[]
  /** Whether its row of the second table is not there. */
  readonly isDetailMissing: boolean
}

export interface Settled {
  /** By message key. A row that is not in it waits. */
  readonly attached: ReadonlyMap<string, Attached>
  /** The gateway took no image, for a reason that is not the image's. */
  readonly held?: Reason & { readonly retryAfterMs?: number | undefined }
}

export interface AttachmentsOptions {
  /** For events. */
  readonly table: string
  readonly observe: ObserveAgent
  readonly gateway: GatewayClient
  /** Absent: rows with images wait. */
  readonly files: MediaFiles | undefined
  /** How long a row waits for its row of the second table, in milliseconds. */
  readonly graceMs?: number
  readonly now?: () => number
}

/** What became of one image. */
type ImageState =
  | { readonly kind: 'kept'; readonly id: string }
  | { readonly kind: 'waiting'; readonly why: string; readonly held?: Settled['held'] }
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string }

/** The gateway keeps an image for longer; a campaign uses one for many rows. */
const knownMs = 3_600_000
const maxKnown = 1_000
const maxIncomplete = 100_000
/** Images that one claim uploads: the other rows of the table wait for it. */
const uploadsPerClaim = 50
const uploadsAtOnce = 5
const defaultGraceMs = 60_000
/** How long a row is left out that waits for an image, and how many are: each is named in a statement. */
const waitingMs = 1_000
const maxWaiting = 1_000
const sayWaitingMs = 60_000
/** Refusals that are the image's fault. */
const ofTheImage = new Set(['media-invalid', 'body-too-large', 'unsupported-media-type'])

/** Brings the images of rows to the gateway, before the rows are claimed. */
export class Attachments {
  readonly #options: Required<AttachmentsOptions>
  /** Images that were uploaded, by name. */
  readonly #known = new Map<string, { readonly version: string; readonly id: string; readonly at: number }>()
  /** When a row without its detail was seen first, by message key. */
  readonly #incomplete = new Map<string, number>()

  readonly #waiting = new WaitingRows(waitingMs)
  #uploads = 0
  #saidAt = Number.NEGATIVE_INFINITY

  constructor({ graceMs = defaultGraceMs, now = Date.now, ...options }: AttachmentsOptions) {
    this.#options = { graceMs, now, ...options }
  }

  /** Keys of rows that were looked at just now and wait. */
  waitingKeys(): string[] {
    return this.#waiting.keys(maxWaiting)
  }

  /** Uploads what is new of the images of these rows. */
  async settle(rows: readonly WithImages[], signal?: AbortSignal): Promise<Settled> {
    const states = await this.#images(
      rows.flatMap(({ images }) => images),
      signal,
    )
    const attached = new Map<string, Attached>()
    const waiting: string[] = []
    let why: string | undefined
    let held: Settled['held']
    for (const { key, messageKey, images, isDetailMissing } of rows) {
      const own = isDetailMissing ? [this.#withoutDetail(messageKey)] : images.flatMap((name) => states.get(name) ?? [])
      const failed = own.find((one) => one.kind === 'failed')
      const late = own.find((one) => one.kind === 'waiting')
      if (failed !== undefined) attached.set(messageKey, failed)
      else if (late === undefined) {
        attached.set(messageKey, { kind: 'media', media: own.flatMap((one) => (one.kind === 'kept' ? one.id : [])) })
      } else {
        waiting.push(key)
        why ??= late.why
        held ??= late.held
      }
    }
    this.#waiting.add(waiting)
    if (why !== undefined && this.#options.now() - this.#saidAt >= sayWaitingMs) {
      this.#saidAt = this.#options.now()
      this.#options.observe({ kind: 'waiting', table: this.#options.table, rows: waiting.length, why })
    }
    return { attached, ...(held !== undefined && { held }) }
  }

  async #images(names: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, ImageState>> {
    const states = new Map<string, ImageState>()
    const all = [...new Set(names)]
    let most = this.#uploads + uploadsPerClaim
    for (let from = 0; from < all.length; from += uploadsAtOnce) {
      const some = all.slice(from, from + uploadsAtOnce)
      if (this.#uploads >= most) {
        for (const name of some) states.set(name, { kind: 'waiting', why: `"${name}" waits for other images` })
        continue
      }
      const found = await Promise.all(some.map(async (name) => ({ name, state: await this.#image(name, signal) })))
      for (const { name, state } of found) states.set(name, state)
      // The others would be refused for the same reason.
      if (found.some(({ state }) => state.kind === 'waiting' && state.held !== undefined)) most = 0
    }
    return states
  }

  async #image(name: string, signal?: AbortSignal): Promise<ImageState> {
    const { files, gateway, now } = this.#options
    if (files === undefined) return { kind: 'waiting', why: 'agent.yaml does not name the folder of the images (media.root)' }
    const state = await files.look(name)
    if (state.kind !== 'ready') return state
    const known = this.#known.get(name)
    if (known?.version === state.version && now() - known.at < knownMs) return { kind: 'kept', id: known.id }
    this.#uploads += 1
    const answer = await gateway.uploadImage(state.bytes, signal)
    if (answer.kind === 'kept') {
      if (this.#known.size >= maxKnown) this.#known.clear()
      this.#known.set(name, { version: state.version, id: answer.id, at: now() })
      return answer
    }
    if (answer.kind === 'unclear') return { kind: 'waiting', why: `"${name}" was not uploaded: ${answer.why}` }
    const { code, detail, retryAfterMs } = answer
    if (ofTheImage.has(code)) return { kind: 'failed', code: 'media-invalid', detail: `"${name}": ${detail}` }
    const why = `"${name}" was not uploaded: ${code}: ${detail}`
    return { kind: 'waiting', why, held: { code, detail, retryAfterMs } }
  }

  /** The customer's program may write the second table a moment later. */
  #withoutDetail(messageKey: string): ImageState {
    const { graceMs, now } = this.#options
    const first = this.#incomplete.get(messageKey) ?? now()
    this.#incomplete.set(messageKey, first)
    const [oldest] = this.#incomplete.keys()
    if (this.#incomplete.size > maxIncomplete && oldest !== undefined) this.#incomplete.delete(oldest)
    if (now() - first < graceMs) return { kind: 'waiting', why: 'the row of the second table is not there' }
    this.#incomplete.delete(messageKey)
    return { kind: 'failed', code: 'detail-missing', detail: 'the row of the second table is not there' }
  }
}
