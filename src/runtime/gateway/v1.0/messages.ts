import { messageRequest, sendAtError } from '../../../domain/message.ts'
import { Problem } from '../../../domain/problem.ts'
import { endpoint } from '../endpoint.ts'
import { submit } from '../submit.ts'

/** One message to one recipient. */
export default endpoint({
  method: 'POST',
  path: '/messages',
  summary: 'Send one message',
  body: messageRequest,
  handle: async (call, body) => {
    const detail = sendAtError(body, call.now())
    if (detail !== undefined) {
      throw new Problem('invalid-request', `/sendAt: ${detail}`, { errors: [{ pointer: '/sendAt', detail }] })
    }
    return submit(call, 'messages', body)
  },
})
