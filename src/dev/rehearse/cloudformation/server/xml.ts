const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** Text as it is, or elements that are written already. */
export type Inside = string | Written | undefined

/** XML that needs no escaping any more. */
export class Written {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

function inside(value: string | Written): string {
  return value instanceof Written ? value.text : value.replaceAll(/[&<>]/g, (sign) => escapes[sign] ?? sign)
}

/** Elements by name. What is undefined is left out. */
export function elements(of: Readonly<Record<string, Inside>>): Written {
  const written = Object.entries(of).flatMap(([name, value]) =>
    value === undefined ? [] : [`<${name}>${inside(value)}</${name}>`],
  )
  return new Written(written.join(''))
}

/** A list, as the Query protocol writes it. */
export function members(list: readonly Inside[]): Written {
  return new Written(list.map((one) => `<member>${inside(one ?? '')}</member>`).join(''))
}

/** Pairs of a key and a value. */
export function pairs(of: Readonly<Record<string, string>>, key: string, value: string): Written {
  return members(Object.entries(of).map(([name, text]) => elements({ [key]: name, [value]: text })))
}
