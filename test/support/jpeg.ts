/** The headers of a JPEG image of this size, as baseline files have them, and nothing to look at. */
export function jpeg(width: number, height: number, filler = 0): Buffer {
  const word = (value: number): number[] => [value >> 8, value & 0xff]
  const jfif = [0xff, 0xe0, ...word(16), ...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0]
  const frame = [0xff, 0xc0, ...word(11), 8, ...word(height), ...word(width), 1, 1, 0x11, 0]
  const scan = [0xff, 0xda, ...word(8), 1, 1, 0, 0, 0x3f, 0]
  return Buffer.from([0xff, 0xd8, ...jfif, ...frame, ...scan, ...new Array(filler).fill(0x55), 0xff, 0xd9])
}
