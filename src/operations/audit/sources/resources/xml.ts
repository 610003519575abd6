/** An element of an XML answer of AWS, which uses neither attributes with content nor CDATA. */
export interface XmlElement {
  readonly name: string
  readonly children: XmlElement[]
  text: string
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function plainText(text: string): string {
  return text.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name: string) => {
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)
    return entities[name] ?? (code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole)
  })
}

/** Reads an XML answer. An answer that is cut off gives the elements until there. */
export function readXml(text: string): XmlElement {
  const root: XmlElement = { name: '', children: [], text: '' }
  const open = [root]
  for (const [, end, name, empty, inside] of text.matchAll(/<(\/?)([\w:.-]+)[^>]*?(\/?)>|([^<]+)/g)) {
    const current = open.at(-1) ?? root
    if (inside !== undefined) current.text += plainText(inside.trim())
    else if (end === '/') {
      if (open.length > 1) open.pop()
    } else if (name !== undefined) {
      const element = { name, children: [], text: '' }
      current.children.push(element)
      if (empty !== '/') open.push(element)
    }
  }
  return root
}

/** The elements with a name at any depth, except within one another. */
export function elementsOf(within: XmlElement, name: string): XmlElement[] {
  return within.children.flatMap((child) => (child.name === name ? [child] : elementsOf(child, name)))
}

/** The text of the first element with a name, at any depth; empty if there is none. */
export function textIn(within: XmlElement, name: string): string {
  return elementsOf(within, name)[0]?.text ?? ''
}

/** The items of a list of EC2: `<instancesSet><item>…</item></instancesSet>`. */
export function itemsOf(within: XmlElement, list: string): XmlElement[] {
  return elementsOf(within, list).flatMap(({ children }) => children.filter(({ name }) => name === 'item'))
}
