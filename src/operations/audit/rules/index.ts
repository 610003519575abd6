import { credentialReportStale } from './account/credential-report-stale.ts'
import { passwordCharacters } from './account/password-characters.ts'
import { passwordLength } from './account/password-length.ts'
import { passwordReuse } from './account/password-reuse.ts'
import { rootAccessKey } from './account/root-access-key.ts'
import { rootMfa } from './account/root-mfa.ts'
import { rootUse } from './account/root-use.ts'
import { serverCertificate } from './account/server-certificate.ts'
import { auditRole, supportRole } from './account/support-role.ts'
import { certificates } from './credential/certificates.ts'
import { consoleWithoutMfa } from './credential/console-without-mfa.ts'
import { oldKey } from './credential/old-key.ts'
import { setupKey } from './credential/setup-key.ts'
import { twoKeys } from './credential/two-keys.ts'
import { unusedCredential } from './credential/unused.ts'
import { inlinePolicy, policyOnUser } from './hygiene/attachments.ts'
import { deprecatedPolicy } from './hygiene/deprecated.ts'
import { badArn, duplicateSid, invalidPolicy, oldVersion, unknownAction } from './hygiene/lint.ts'
import { emptyGroup, unattachedAdmin, unusedPolicy, unusedRole } from './hygiene/unused.ts'
import { adminHeld } from './principal/admin-user.ts'
import { boundaryRemoval } from './principal/boundary-removal.ts'
import { escalation } from './principal/escalation.ts'
import { credentialExposure, dataExfiltration, resourceExposure } from './principal/exposure.ts'
import { allowNegated } from './principal/negations.ts'
import { assumeRoleAny, passRoleAny } from './principal/pass-role-any.ts'
import { guardedWildcard, serviceWildcard } from './principal/wildcards.ts'
import type { Rule } from './rule.ts'
import { anyPrincipal } from './trust/any-principal.ts'
import { confusedDeputy } from './trust/confused-deputy.ts'
import { crossAccount, externalReadOnly, unknownAccount } from './trust/cross-account.ts'
import { deletedPrincipal } from './trust/deleted-principal.ts'
import { cognitoGuests, oidcWithoutSub, samlWithoutAudience } from './trust/federated.ts'

/** All rules. A new rule needs a file with its metadata, an entry here, and a test. */
export const rules: readonly Rule[] = [
  rootAccessKey,
  rootMfa,
  rootUse,
  passwordLength,
  passwordReuse,
  passwordCharacters,
  credentialReportStale,
  serverCertificate,
  supportRole,
  auditRole,
  consoleWithoutMfa,
  oldKey,
  unusedCredential,
  twoKeys,
  setupKey,
  certificates,
  adminHeld,
  escalation,
  passRoleAny,
  assumeRoleAny,
  resourceExposure,
  credentialExposure,
  dataExfiltration,
  allowNegated,
  boundaryRemoval,
  serviceWildcard,
  guardedWildcard,
  anyPrincipal,
  crossAccount,
  unknownAccount,
  externalReadOnly,
  oidcWithoutSub,
  cognitoGuests,
  samlWithoutAudience,
  confusedDeputy,
  deletedPrincipal,
  policyOnUser,
  inlinePolicy,
  emptyGroup,
  unusedRole,
  unusedPolicy,
  unattachedAdmin,
  deprecatedPolicy,
  invalidPolicy,
  duplicateSid,
  badArn,
  oldVersion,
  unknownAction,
]
