// Follows the reports. Keep the cursor of the last page that you have processed: a report comes at least once.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const { APIGW_URL, APIGW_CREDENTIALS = '' } = process.env
const [file = 'cursor.txt', pages = 'Infinity'] = process.argv.slice(2)

for (let page = 0; page < Number(pages); page++) {
  const query = new URLSearchParams({ wait: '20' })
  if (existsSync(file)) query.set('cursor', readFileSync(file, 'utf8'))
  const response = await fetch(`${APIGW_URL}/v1.0/reports?${query}`, {
    headers: { Authorization: `Basic ${Buffer.from(APIGW_CREDENTIALS).toString('base64')}` },
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${answer.code}: ${answer.detail}`)
  for (const { id, ref, status, code } of answer.reports) console.log([id, ref, status, code].join(' '))
  writeFileSync(file, answer.cursor)
}
