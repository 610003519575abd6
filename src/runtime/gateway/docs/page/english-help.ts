import type { HelpIn } from './problem-help.ts'

const repeat = 'Repeat the call with the same Idempotency-Key after Retry-After.'
const ask = 'Ask your provider.'

export const englishHelp: HelpIn<'en'> = {
  'malformed-request': {
    why: 'The bytes are not HTTP, or a header came twice.',
    todo: 'Correct the request. The connection is closed.',
  },
  'invalid-body': { why: 'The body is not JSON in UTF-8.', todo: 'Correct the JSON. The detail names the place.' },
  'invalid-request': { why: 'A field is missing, unknown or not allowed.', todo: 'Correct what errors[] names, field by field.' },
  'invalid-idempotency-key': {
    why: 'The Idempotency-Key is empty, too long, or came twice.',
    todo: 'Send 1 to 255 visible ASCII characters.',
  },
  'units-exceed-limit': {
    why: 'The call needs more units than the whole limit of a second, day or month.',
    todo: 'Send fewer messages in a call, or ask your provider for a higher limit.',
  },
  'not-found': { why: 'There is no call at this path.', todo: 'Compare the path with the list of calls below.' },
  'unsupported-grant-type': { why: 'A token was asked for in an unknown form.', todo: 'Send grant_type=client_credentials.' },
  'message-unknown': {
    why: 'You have no message with this id in this environment, or it was accepted a moment ago and is not stored yet.',
    todo: 'Check the id and the environment. For a new message, ask again in a minute.',
  },
  'media-invalid': {
    why: 'The image is not a JPEG that phones take, or is too large.',
    todo: 'Correct what the detail names, and upload it again.',
  },
  'cursor-invalid': {
    why: 'The cursor was changed, or belongs to a different key or environment.',
    todo: 'Leave the cursor out to start again. Ignore what you already have.',
  },
  'method-not-allowed': { why: 'The path exists, and not with this method.', todo: 'Use a method that Allow names.' },
  'request-timeout': {
    why: 'The request did not arrive whole in time. Nothing was done.',
    todo: 'Repeat the call on a new connection.',
  },
  'body-too-large': { why: 'The body has more bytes than the call takes.', todo: 'Divide the batch, or make the image smaller.' },
  'unsupported-media-type': {
    why: 'The Content-Type is not that of the call.',
    todo: 'Send application/json, or image/jpeg for an image.',
  },
  'expectation-failed': { why: 'An Expect header asks for something unknown.', todo: 'Leave the Expect header out.' },
  'headers-too-large': { why: 'The headers together are too long.', todo: 'Send fewer or shorter headers.' },
  'credentials-missing': { why: 'The call has no Authorization header and no signature.', todo: 'Sign in as described above.' },
  'credentials-invalid': {
    why: 'No key has these three parts, or the key has a different scheme.',
    todo: 'Check the key above. Look for a part that was cut off, and for the scheme.',
  },
  'nonce-reused': { why: 'A call with this nonce came before.', todo: 'Sign every call anew, also a repeated one.' },
  'signature-invalid': { why: 'Signature or Signature-Input cannot be read.', todo: 'Compare them with the sample.' },
  'signature-incomplete': {
    why: 'The signature leaves out a part that it has to cover.',
    todo: 'Cover @method, @target-uri and content-digest, with created, nonce and keyid.',
  },
  'signature-expired': {
    why: 'created is more than five minutes from the time here.',
    todo: 'Set your clock by NTP, and sign anew.',
  },
  'digest-mismatch': {
    why: 'The body that arrived is not the one that was signed.',
    todo: 'Compute the digest over the bytes that you send. A proxy must not change them.',
  },
  'token-invalid': { why: 'The token is not one of this API.', todo: 'Get a new token.' },
  'token-expired': { why: 'The token is older than 15 minutes.', todo: 'Get a new token and repeat the call.' },
  'key-revoked': { why: 'The key was withdrawn.', todo: 'Use your new key. If you have none, ask your provider.' },
  'key-expired': { why: 'The key was issued with an end, which has passed.', todo: 'Ask your provider for a new key.' },
  'key-not-yet-valid': { why: 'The key was issued for a later time.', todo: 'Wait until the key is valid.' },
  'customer-suspended': { why: 'Your provider has suspended your account.', todo: ask },
  'environment-mismatch': {
    why: 'A test key was used in the live environment, or the reverse.',
    todo: 'With a test key, put /test in front of the path. With a live key, leave it out.',
  },
  'ip-not-allowed': {
    why: 'The key is limited to some addresses, and yours is not one of them.',
    todo: 'Call from an allowed address, or ask your provider to add yours.',
  },
  'idempotency-in-progress': { why: 'The first call with this key has not ended yet.', todo: repeat },
  'idempotency-key-reused': {
    why: 'A call with this key came before, with a different body.',
    todo: 'Use a new key for a new call, and the same body for a repeated one.',
  },
  'route-missing': { why: 'Your account is not set up for sending in this environment.', todo: ask },
  'quota-missing': { why: 'Your account has no quota in this environment.', todo: ask },
  'read-rate-exceeded': {
    why: 'More reads came than are allowed in a second.',
    todo: 'Wait for Retry-After. Read reports instead of each status.',
  },
  'rate-exceeded': { why: 'More units were asked for than are allowed in a second. Nothing was taken.', todo: repeat },
  'day-quota-exceeded': {
    why: 'The units of this day are used up. Nothing was taken.',
    todo: 'Wait for the next day (Retry-After), or ask your provider for more.',
  },
  'month-quota-exceeded': {
    why: 'The units of this month are used up. Nothing was taken.',
    todo: 'Wait for the next month (Retry-After), or ask your provider for more.',
  },
  'sender-not-registered': {
    why: 'from is not registered for you, or its registration ends before the message is sent.',
    todo: 'Ask your provider to register the number.',
  },
  'profile-not-registered': {
    why: 'profile is not a Kakao channel that is registered for you.',
    todo: 'Ask your provider to register the channel.',
  },
  'destination-not-allowed': { why: 'You may not send to this country.', todo: 'Ask your provider to allow it.' },
  'ad-at-night': {
    why: 'Advertisements to Korea are not sent from 21:00 to 08:00.',
    todo: 'Set sendAt to 08:00 or later.',
  },
  'callback-not-allowed': {
    why: 'callback is at a host that is not allowed for you.',
    todo: 'Ask your provider to allow the host, or leave callback out.',
  },
  'recipient-suppressed': {
    why: 'The recipient has opted out of your advertisements.',
    todo: 'Do not send it. Remove the opt-out only if the recipient consents again.',
  },
  'message-released': {
    why: 'The message is with its carrier, or was never scheduled.',
    todo: 'It can no longer be cancelled. Its report says what became of it.',
  },
  'registry-unavailable': { why: 'Keys and quotas cannot be checked now. Nothing was sent.', todo: repeat },
  'registry-frozen': { why: 'The service is being maintained. Nothing was sent.', todo: repeat },
  'queue-unavailable': { why: 'The message was not taken over. Its units were returned.', todo: repeat },
  'ledger-unavailable': { why: 'Statuses and reports cannot be read now.', todo: 'Repeat the call after Retry-After.' },
  'media-unavailable': { why: 'Images cannot be stored or read now.', todo: 'Repeat the call after Retry-After.' },
  overloaded: { why: 'More calls came than can be served now. Nothing was taken.', todo: repeat },
  'gateway-unavailable': { why: 'The service did not answer. The call may have been carried out.', todo: repeat },
  'shutting-down': { why: 'This server is being replaced. Nothing was taken.', todo: repeat },
  'internal-error': {
    why: 'A fault of the service. The call may have been carried out.',
    todo: `${repeat} If it stays, report the requestId.`,
  },
}
