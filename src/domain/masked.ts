/** A telephone number as people may see it who need to recognise it only: `+8210****5678`. */
export function maskedNumber(number: string): string {
  return number.length < 9 ? '****' : `${number.slice(0, 5)}****${number.slice(-4)}`
}
