import * as z from 'zod'

/** How bad it is, the worst first. */
export const severities = ['critical', 'high', 'medium', 'low'] as const
export type Severity = (typeof severities)[number]

/** Which alerts go to a channel: those of any of these severities, or of any of these rules (`iam-*` for many). */
export const channelFormat = z.strictObject({
  severities: z.array(z.enum(severities)).optional(),
  rules: z.array(z.string().regex(/^[a-z0-9-]*\*?$/, 'is not the id of a rule, nor the begin of one with a "*"')).optional(),
})
export type Channels = Readonly<Record<string, z.infer<typeof channelFormat>>>

/** An accepted finding: who accepted it, why, and until when. */
export const ignoreFormat = z
  .strictObject({
    rule: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
    /** A pattern of EventBridge over the event's detail. */
    pattern: z.record(z.string(), z.unknown()).optional(),
    owner: z.string().min(1),
    reason: z.string().min(1),
    expires: z.iso.date('is not a day such as 2027-03-31'),
  })
  .refine(
    ({ rule, pattern }) => rule !== undefined || pattern !== undefined,
    'names neither a rule nor a pattern, and so would hold back every alert',
  )
export type IgnoreRule = z.infer<typeof ignoreFormat>

/** What a stage of apigw.yaml says of its activity trail. */
export const trailFormat = z.strictObject({
  /** A folder of rules of one's own. */
  rules: z.string().min(1).optional(),
  ignore: z.array(ignoreFormat).optional(),
  /** Names beside `default`, each with a webhook in the secret. */
  channels: z
    .record(z.string().regex(/^[a-z0-9-]+$/, 'is not the name of a channel: use a-z, 0-9 and "-"'), channelFormat)
    .optional(),
})
export type TrailSettings = z.infer<typeof trailFormat>
