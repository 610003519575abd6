import { quantity } from '../../../domain/quantity.ts'
import type { Audit } from '../audit.ts'
import { type Finding, severities } from '../finding.ts'
import { graphSection, graphStyle } from '../graph/section.ts'
import { escaped } from './escaped.ts'
import { acceptedOf, grouped } from './group.ts'

const style = `
:root { color-scheme: light dark; --line: #8884; --critical: #b3261e; --high: #c2570c; --medium: #8a6d00; --low: #5b6770 }
@media (prefers-color-scheme: dark) { :root { --critical: #ff8a80; --high: #ffb074; --medium: #e8cf6a; --low: #a9b6c0 } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1.5rem }
h1 { margin: 0 0 .5rem } h2 { font-size: 1rem; overflow-wrap: anywhere; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line) }
ul.counts { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0 }
ul.counts b { font-size: 1.6rem; display: block; line-height: 1.2 }
article { margin: .75rem 0 1.25rem } article h3 { font-size: 1rem; margin: 0 } p, li { overflow-wrap: anywhere }
.critical { color: var(--critical) } .high { color: var(--high) } .medium { color: var(--medium) } .low { color: var(--low) }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere } .id { opacity: .7 } footer { margin-top: 3rem; opacity: .8 }
`

function article({ severity, title, evidence, fix, rule, id, references }: Finding): string {
  const lines = evidence.map((line) => `<li>${escaped(line)}</li>`).join('')
  const links = references
    .map((one) => (one.startsWith('https:') ? `<a href="${escaped(one)}">${escaped(new URL(one).hostname)}</a>` : escaped(one)))
    .join(' · ')
  return `<article><h3><span class="${severity}">${severity}</span> ${escaped(title)}</h3>
<ul>${lines}</ul><p>Fix: <code>${escaped(fix)}</code></p>
<p class="id"><code>${escaped(rule)}</code> · <code>${escaped(id)}</code> · ${links}</p></article>`
}

/** A self-contained page without external resources, to send by email or archive. */
export function html(audit: Audit): string {
  const { summary, findings, missing } = audit
  const counts = severities.map((one) => `<li class="${one}"><b>${summary.findings[one]}</b>${one}</li>`).join('')
  const body = grouped(findings).map(
    ({ resource, findings: own }) => `<section><h2>${escaped(resource)}</h2>${own.map(article).join('\n')}</section>`,
  )
  const gaps =
    missing.length === 0
      ? ''
      : `<section><h2>Not checked</h2><ul>${missing.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul></section>`
  const accepted = acceptedOf(findings).map(
    ({ id, severity, title, resource, suppressed: { owner, reason, expires } }) =>
      `<li><code>${escaped(id)}</code> ${severity}: ${escaped(title)} (${escaped(resource)}). ${escaped(reason)}; ${escaped(owner)}, until ${escaped(expires)}</li>`,
  )
  const taken = accepted.length === 0 ? '' : `<section><h2>Accepted</h2><ul>${accepted.join('\n')}</ul></section>`
  const account = escaped(summary.account || 'unknown')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>IAM audit of ${account}</title>
<style>${style}${graphStyle}</style></head><body><main>
<h1>IAM audit of account ${account}</h1>
<p>${quantity(summary.users, 'user')}, ${quantity(summary.roles, 'role')}; ${quantity(summary.administrators, 'administrator')}, ${quantity(summary.escalations, 'other')} can become administrator.</p>
<ul class="counts">${counts}<li><b>${summary.suppressed}</b>accepted</li></ul>
${body.length === 0 ? '<p>No findings.</p>' : body.join('\n')}
${graphSection(audit)}
${taken}${gaps}</main><footer>apigw audit iam</footer></body></html>
`
}
