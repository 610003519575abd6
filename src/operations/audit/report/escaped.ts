import { withoutUnsafe } from '../../../domain/names.ts'

/**
 * Text for HTML and SVG, without what is not shown or turns the direction of writing round: names of principals are untrusted.
 */
export function escaped(text: string): string {
  return withoutUnsafe(text.replaceAll(/\s+/g, ' '))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
