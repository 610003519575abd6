import type { Api, Call } from './model.ts'

/** https://schema.postman.com/collection/json/v2.1.0/draft-07/docs/index.html */
const schema = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json'

function bodyOf({ body }: Call): object {
  if (body === undefined) return {}
  if (body.type.kind === 'bytes') return { body: { mode: 'file', file: { src: '' } } }
  if (body.mediaType.includes('form')) {
    const urlencoded = Object.entries(Object(body.example)).map(([key, value]) => ({ key, value: String(value) }))
    return { body: { mode: 'urlencoded', urlencoded } }
  }
  return { body: { mode: 'raw', raw: JSON.stringify(body.example, null, 2), options: { raw: { language: 'json' } } } }
}

function itemOf(call: Call): object {
  const { name, summary, method, path, params, query, body, idempotent } = call
  const segments = path.slice(1).replaceAll(/\{(\w+)\}/g, ':$1')
  const headers = [
    ...(body === undefined ? [] : [{ key: 'Content-Type', value: body.mediaType }]),
    // A new name for each call; to repeat a call, write a fixed one.
    ...(idempotent ? [{ key: 'Idempotency-Key', value: '{{$guid}}' }] : []),
  ]
  const rows = query.map((one) => ({ key: one.name, value: '', description: one.description, disabled: true }))
  const variables = params.map((one) => ({ key: one.name, value: '', description: one.description }))
  return {
    name,
    request: {
      method,
      description: summary,
      header: headers,
      url: {
        raw: `{{url}}/${segments}`,
        host: ['{{url}}'],
        path: segments.split('/'),
        ...(rows.length > 0 && { query: rows }),
        ...(variables.length > 0 && { variable: variables }),
      },
      ...bodyOf(call),
    },
  }
}

/** A Postman collection (v2.1). The key's parts are variables, which Postman keeps apart from what is shared. */
export function postmanText({ title, calls }: Api, url: string): string {
  const groups = Map.groupBy(calls, ({ group }) => group)
  const collection = {
    info: {
      name: title,
      description: 'Calls of the test environment. Set id, pw and api_key to the parts of your key ID:PW:API_KEY.',
      schema,
    },
    auth: {
      type: 'basic',
      // Basic with three parts: the password is the second and the third.
      basic: [
        { key: 'username', value: '{{id}}', type: 'string' },
        { key: 'password', value: '{{pw}}:{{api_key}}', type: 'string' },
      ],
    },
    variable: [
      { key: 'url', value: `${url}/test` },
      { key: 'id', value: '' },
      { key: 'pw', value: '', type: 'secret' },
      { key: 'api_key', value: '' },
    ],
    item: [...groups].map(([name, some]) => ({ name, item: some.map(itemOf) })),
  }
  return `${JSON.stringify(collection, null, 2)}\n`
}
