/** Three-valued logic: true, unknown, or false. */
export type Truth = 'yes' | 'maybe' | 'no'

export function not(truth: Truth): Truth {
  return truth === 'yes' ? 'no' : truth === 'no' ? 'yes' : 'maybe'
}

export function both(left: Truth, right: Truth): Truth {
  if (left === 'no' || right === 'no') return 'no'
  return left === 'yes' && right === 'yes' ? 'yes' : 'maybe'
}

export function either(left: Truth, right: Truth): Truth {
  return not(both(not(left), not(right)))
}
