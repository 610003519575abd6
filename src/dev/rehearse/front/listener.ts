import type { Json, JsonMap } from '../../../operations/cloudformation/index.ts'
import type { Resource } from '../template/resource.ts'
import { mapAt, mapsIn } from '../template/values.ts'
import { type Call, type CallAnswer, textAnswer } from './call.ts'

/** Where a rule of the listener sends a call. */
export type Decision =
  | { readonly kind: 'forward'; readonly targetGroup: string; readonly call: Call }
  | { readonly kind: 'answer'; readonly answer: CallAnswer }

/** `*` stands for any characters and `?` for one (ELB user guide, path conditions). */
function pathMatches(pattern: string, path: string): boolean {
  const source = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${source.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(path)
}

function conditionMatches(condition: JsonMap, { target }: Call): boolean {
  const { Values } = mapAt(condition, 'PathPatternConfig')
  const [path = '/'] = target.split('?')
  return condition.Field === 'path-pattern' && Array.isArray(Values) && Values.some((one: Json) => pathMatches(String(one), path))
}

/** A rewrite of a rule: only what the expression matches is replaced, and groups are `$1`. */
function rewritten(text: string, config: JsonMap): string {
  const [rewrite] = mapsIn(config.Rewrites)
  return rewrite === undefined ? text : text.replace(new RegExp(String(rewrite.Regex)), String(rewrite.Replace))
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html */
function transformed(call: Call, transforms: Json | undefined): Call {
  let { target, headers } = call
  for (const transform of mapsIn(transforms)) {
    if (transform.Type === 'host-header-rewrite') {
      headers = { ...headers, host: rewritten(headers.host ?? '', mapAt(transform, 'HostHeaderRewriteConfig')) }
    }
    if (transform.Type === 'url-rewrite') target = rewritten(target, mapAt(transform, 'UrlRewriteConfig'))
  }
  return { ...call, target, headers }
}

function ofAction(action: JsonMap, call: Call): Decision {
  if (action.Type === 'forward') return { kind: 'forward', targetGroup: String(action.TargetGroupArn), call }
  const { StatusCode, ContentType, MessageBody } = mapAt(action, 'FixedResponseConfig')
  const answer = textAnswer(Number(StatusCode ?? 503), String(ContentType ?? 'text/plain'), String(MessageBody ?? ''))
  return { kind: 'answer', answer }
}

/** What the HTTPS listener of a stage does with a call: the first rule that matches by priority, else its default. */
export function listen(all: readonly Resource[], call: Call): Decision {
  const listener = all.find(({ type, properties }) => type.endsWith('::Listener') && Number(properties.Port) === 443)
  if (listener === undefined) throw new Error('no stack makes a listener on port 443')
  const rules = all
    .filter(({ type, properties }) => type.endsWith('::ListenerRule') && properties.ListenerArn === listener.physicalId)
    .toSorted((one, other) => Number(one.properties.Priority) - Number(other.properties.Priority))
  const rule = rules.find(({ properties }) => mapsIn(properties.Conditions).every((one) => conditionMatches(one, call)))
  const [action] = mapsIn(rule?.properties.Actions ?? listener.properties.DefaultActions)
  return ofAction(action ?? {}, transformed(call, rule?.properties.Transforms))
}
