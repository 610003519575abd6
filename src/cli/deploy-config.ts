import * as z from 'zod'
import { charsets } from '../domain/euc-kr.ts'
import { originCodePattern } from '../domain/sending.ts'
import {
  alertChoices,
  detections,
  egresses,
  engines,
  fronts,
  registryStores,
  releases,
  sizes,
  stackKeys,
  thresholdChoices,
  wafModes,
  workers,
} from '../domain/stage.ts'

const name = z.string().regex(/^[a-z][a-z0-9-]{0,29}$/, 'is not a name: use up to 30 of a-z, 0-9 and "-"')
const tableName = z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/, 'is not the name of a DynamoDB table')
const value = z.union([z.string(), z.number(), z.boolean()])

/** The deployment settings of a stage. docs/deploy.md explains each field. */
export const deployConfig = z.strictObject({
  front: z.enum(fronts).optional(),
  worker: z.enum(workers).optional(),
  engine: z.enum(engines).optional(),
  size: z.enum(sizes).optional(),
  egress: z.enum(egresses).optional(),
  registry: z.enum(registryStores).optional(),
  transition: z.boolean().optional(),
  endpointZones: z.union([z.literal(1), z.literal(2)], 'is not 1 or 2').optional(),
  registryNodes: z.union([z.literal(1), z.literal(2)], 'is not 1 or 2').optional(),
  monthlyGigabytes: z.number().positive().optional(),
  domain: z
    .string()
    .regex(/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, 'is not a domain such as api.example.com')
    .optional(),
  hostedZoneId: z
    .string()
    .regex(/^Z[A-Z0-9]+$/, 'is not the id of a Route 53 hosted zone')
    .optional(),
  certificateArn: z
    .string()
    .regex(/^arn:aws[a-z-]*:acm:/, 'is not the ARN of a certificate')
    .optional(),
  waf: z.enum(wafModes).optional(),
  carrier: name.optional(),
  secondCarrier: name.optional(),
  charset: z.enum(charsets).optional(),
  originCode: z.string().regex(originCodePattern, 'is not an origin code: use up to 20 letters and digits').optional(),
  image: z
    .string()
    // A tag can move to another image, which would then run without a deployment.
    .regex(/@sha256:[0-9a-f]{64}$/, 'must name the image by digest: …@sha256:…')
    .optional(),
  alertEmail: z.email().optional(),
  alerts: z.enum(alertChoices).optional(),
  thresholds: z.enum(thresholdChoices).optional(),
  monthlyBudget: z.number().positive().optional(),
  detection: z.enum(detections).optional(),
  release: z.enum(releases).optional(),
  artifactBucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, 'is not a bucket name: use 3 to 63 of a-z, 0-9 and "-"')
    .optional(),
  restore: z
    .strictObject({
      database: z.string().min(1).optional(),
      registry: z.string().min(1).optional(),
      registryTable: tableName.optional(),
      masterKey: z
        .string()
        .regex(/^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:/, 'is not the ARN of a secret')
        .optional(),
      ledger: tableName.optional(),
      media: z
        .string()
        .regex(/^[a-z0-9.-]{3,63}$/, 'is not a bucket name')
        .optional(),
    })
    .optional(),
  parameters: z.partialRecord(z.enum(stackKeys), z.record(z.string(), value)).optional(),
})
