import type { MediaLimits } from './route.ts'

/** What a JPEG file says of itself. */
export interface Jpeg {
  readonly width: number
  readonly height: number
}

/** Start of frame, all kinds: C4, C8 and CC mean other things (ITU-T T.81, table B.1). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

/** Markers without a length: RST0 to RST7, TEM. */
function isBare(marker: number): boolean {
  return (marker >= 0xd0 && marker <= 0xd7) || marker === 0x01
}

const startOfScan = 0xda
const endOfImage = 0xd9

/** The size that a frame's header gives, at its marker. */
function sizeAt(view: DataView, at: number): Jpeg | undefined {
  return view.getUint16(at + 2) < 8 ? undefined : { height: view.getUint16(at + 5), width: view.getUint16(at + 7) }
}

/** Where the segment after the one at `at` begins; `undefined` where there cannot be one. */
function nextSegment(view: DataView, at: number): number | undefined {
  if (view.getUint8(at) !== 0xff) return undefined
  const marker = view.getUint8(at + 1)
  if (marker === 0xff) return at + 1
  if (isBare(marker)) return at + 2
  const size = view.getUint16(at + 2)
  return size < 2 || at + 2 + size > view.byteLength ? undefined : at + 2 + size
}

/**
 * Reads the size of a JPEG image from its headers (ITU-T T.81, annex B). It walks from segment to segment and looks at
 * nothing else, so that no content makes it slow.
 * @returns `undefined` if the bytes are not a complete JPEG image
 */
export function jpegOf(bytes: Uint8Array): Jpeg | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = bytes.byteLength
  if (length < 4 || view.getUint16(0) !== 0xffd8 || view.getUint16(length - 2) !== 0xff00 + endOfImage) return undefined
  let found: Jpeg | undefined
  for (let at: number | undefined = 2; at !== undefined && at + 4 <= length; at = nextSegment(view, at)) {
    const marker = view.getUint8(at + 1)
    if (marker === startOfScan) return found
    if (isFrame(marker) && nextSegment(view, at) !== undefined) found = sizeAt(view, at)
  }
  return undefined
}

/** @returns the image's size, or what keeps it from being sent: `is not a whole JPEG image` */
export function checkedImage(bytes: Uint8Array, limits: MediaLimits): Jpeg | { readonly fault: string } {
  const image = jpegOf(bytes)
  if (image === undefined) return { fault: 'is not a whole JPEG image' }
  const { width, height } = image
  const faults = [
    bytes.byteLength > limits.maxBytes && `has ${bytes.byteLength} bytes, and ${limits.maxBytes} are allowed`,
    (width === 0 || height === 0) && 'does not say how large it is',
    (width > limits.maxWidth || height > limits.maxHeight) &&
      `is ${width} × ${height} pixels, and ${limits.maxWidth} × ${limits.maxHeight} are allowed`,
  ].filter((fault) => fault !== false)
  return faults.length === 0 ? image : { fault: faults.join('; it ') }
}
