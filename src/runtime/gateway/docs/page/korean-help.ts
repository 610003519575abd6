import type { HelpIn } from './problem-help.ts'

const repeat = 'Retry-After만큼 기다린 뒤 같은 Idempotency-Key로 다시 호출하십시오.'
const ask = '공급자에게 문의하십시오.'

export const koreanHelp: HelpIn<'ko'> = {
  'malformed-request': {
    title: '올바른 HTTP 요청이 아닙니다',
    why: 'HTTP 형식이 아니거나 같은 헤더가 두 번 왔습니다.',
    todo: '요청을 고치십시오. 연결은 닫힙니다.',
  },
  'invalid-body': {
    title: '본문이 올바른 JSON이 아닙니다',
    why: '본문이 UTF-8 JSON이 아닙니다.',
    todo: 'detail이 가리키는 위치의 JSON을 고치십시오.',
  },
  'invalid-request': {
    title: '잘못된 필드가 있습니다',
    why: '필드가 빠졌거나, 없는 필드이거나, 값이 허용되지 않습니다.',
    todo: 'errors[]가 가리키는 필드를 고치십시오.',
  },
  'invalid-idempotency-key': {
    title: 'Idempotency-Key가 올바르지 않습니다',
    why: '비어 있거나 너무 길거나 두 번 왔습니다.',
    todo: '공백 없는 ASCII 문자 1~255자로 보내십시오.',
  },
  'units-exceed-limit': {
    title: '한도 전체보다 많은 단위가 필요합니다',
    why: '호출 하나에 필요한 단위가 초당, 일간, 월간 한도 전체보다 많습니다.',
    todo: '나누어 보내거나 공급자에게 한도 상향을 요청하십시오.',
  },
  'not-found': { title: '없는 주소입니다', why: '이 경로에는 호출이 없습니다.', todo: '아래 호출 목록의 경로와 비교하십시오.' },
  'unsupported-grant-type': {
    title: '지원하지 않는 토큰 요청입니다',
    why: '토큰 요청의 형식이 다릅니다.',
    todo: 'grant_type=client_credentials를 보내십시오.',
  },
  'message-unknown': {
    title: '메시지를 찾을 수 없습니다',
    why: '이 환경에 해당 id의 메시지가 없거나, 방금 접수되어 아직 저장되지 않았습니다.',
    todo: 'id와 환경을 확인하십시오. 새 메시지라면 1분 뒤에 다시 조회하십시오.',
  },
  'media-invalid': {
    title: '보낼 수 없는 이미지입니다',
    why: '단말기가 받을 수 있는 JPEG가 아니거나 너무 큽니다.',
    todo: 'detail이 가리키는 내용을 고쳐 다시 올리십시오.',
  },
  'cursor-invalid': {
    title: '커서가 올바르지 않습니다',
    why: '커서가 바뀌었거나 다른 키 또는 환경의 커서입니다.',
    todo: '커서를 빼고 처음부터 읽되, 이미 받은 것은 무시하십시오.',
  },
  'method-not-allowed': {
    title: '허용되지 않는 메서드입니다',
    why: '경로는 있지만 이 메서드는 없습니다.',
    todo: 'Allow 헤더의 메서드를 사용하십시오.',
  },
  'request-timeout': {
    title: '요청이 제때 도착하지 않았습니다',
    why: '요청 전체가 제한 시간 안에 오지 않았습니다. 처리된 것은 없습니다.',
    todo: '새 연결로 다시 호출하십시오.',
  },
  'body-too-large': {
    title: '본문이 너무 큽니다',
    why: '본문이 허용된 크기를 넘습니다.',
    todo: '묶음을 나누거나 이미지를 줄이십시오.',
  },
  'unsupported-media-type': {
    title: '지원하지 않는 Content-Type입니다',
    why: '호출에 맞는 Content-Type이 아닙니다.',
    todo: 'application/json(이미지는 image/jpeg)으로 보내십시오.',
  },
  'expectation-failed': {
    title: '지원하지 않는 Expect 헤더입니다',
    why: 'Expect 헤더의 값을 알 수 없습니다.',
    todo: 'Expect 헤더를 빼십시오.',
  },
  'headers-too-large': { title: '헤더가 너무 큽니다', why: '헤더 전체의 길이가 허용치를 넘습니다.', todo: '헤더를 줄이십시오.' },
  'credentials-missing': {
    title: '인증 정보가 없습니다',
    why: 'Authorization 헤더도 서명도 없습니다.',
    todo: '위의 인증 방법을 따르십시오.',
  },
  'credentials-invalid': {
    title: '인증 정보가 올바르지 않습니다',
    why: '세 부분이 일치하는 키가 없거나 키의 인증 방식이 다릅니다.',
    todo: '위의 키 확인에서 시험하십시오. 잘린 부분이 없는지, 인증 방식이 맞는지 확인하십시오.',
  },
  'nonce-reused': {
    title: '이미 사용한 nonce입니다',
    why: '같은 nonce의 호출이 먼저 왔습니다.',
    todo: '반복하는 호출도 매번 새로 서명하십시오.',
  },
  'signature-invalid': {
    title: '서명 형식이 올바르지 않습니다',
    why: 'Signature 또는 Signature-Input을 읽을 수 없습니다.',
    todo: '예제와 비교하십시오.',
  },
  'signature-incomplete': {
    title: '서명 대상이 빠졌습니다',
    why: '반드시 서명해야 할 항목이 빠졌습니다.',
    todo: '@method, @target-uri, content-digest를 created, nonce, keyid와 함께 서명하십시오.',
  },
  'signature-expired': {
    title: '서명 시각이 맞지 않습니다',
    why: 'created가 서버 시각과 5분 넘게 차이 납니다.',
    todo: 'NTP로 시계를 맞추고 새로 서명하십시오.',
  },
  'digest-mismatch': {
    title: '본문과 Content-Digest가 다릅니다',
    why: '도착한 본문이 서명한 본문과 다릅니다.',
    todo: '실제로 보내는 바이트로 계산하십시오. 중간 프록시가 본문을 바꾸면 안 됩니다.',
  },
  'token-invalid': { title: '토큰이 올바르지 않습니다', why: '이 API의 토큰이 아닙니다.', todo: '토큰을 새로 받으십시오.' },
  'token-expired': {
    title: '토큰이 만료되었습니다',
    why: '발급 후 15분이 지났습니다.',
    todo: '토큰을 새로 받아 다시 호출하십시오.',
  },
  'key-revoked': {
    title: '폐기된 키입니다',
    why: '키가 폐기되었습니다.',
    todo: '새 키를 사용하고, 없으면 공급자에게 문의하십시오.',
  },
  'key-expired': { title: '만료된 키입니다', why: '키의 유효 기간이 끝났습니다.', todo: '공급자에게 새 키를 요청하십시오.' },
  'key-not-yet-valid': {
    title: '아직 유효하지 않은 키입니다',
    why: '키의 시작 시각이 되지 않았습니다.',
    todo: '시작 시각까지 기다리십시오.',
  },
  'customer-suspended': { title: '계정이 정지되었습니다', why: '공급자가 계정을 정지했습니다.', todo: ask },
  'environment-mismatch': {
    title: '다른 환경의 키입니다',
    why: '테스트 키로 운영을 호출했거나 그 반대입니다.',
    todo: '테스트 키는 경로 앞에 /test를 붙이고 운영 키는 빼십시오.',
  },
  'ip-not-allowed': {
    title: '허용되지 않은 IP 주소입니다',
    why: '키에 허용된 주소가 아닙니다.',
    todo: '허용된 주소에서 호출하거나 공급자에게 추가를 요청하십시오.',
  },
  'idempotency-in-progress': {
    title: '같은 키의 호출이 진행 중입니다',
    why: '같은 Idempotency-Key의 첫 호출이 아직 끝나지 않았습니다.',
    todo: repeat,
  },
  'idempotency-key-reused': {
    title: '같은 키에 다른 본문입니다',
    why: '이 키로 다른 본문의 호출이 먼저 왔습니다.',
    todo: '새 호출에는 새 키를, 반복하는 호출에는 같은 본문을 사용하십시오.',
  },
  'route-missing': { title: '발송 설정이 없습니다', why: '이 환경에서 발송하도록 설정되지 않은 계정입니다.', todo: ask },
  'quota-missing': { title: '한도가 설정되지 않았습니다', why: '이 환경의 한도가 없는 계정입니다.', todo: ask },
  'read-rate-exceeded': {
    title: '조회 한도를 넘었습니다',
    why: '초당 허용된 조회보다 많습니다.',
    todo: 'Retry-After만큼 기다리십시오. 상태 대신 결과를 읽으십시오.',
  },
  'rate-exceeded': { title: '초당 한도를 넘었습니다', why: '초당 허용된 단위보다 많습니다. 차감된 것은 없습니다.', todo: repeat },
  'day-quota-exceeded': {
    title: '일간 한도를 모두 썼습니다',
    why: '오늘의 단위를 모두 썼습니다. 차감된 것은 없습니다.',
    todo: '다음 날(Retry-After)까지 기다리거나 공급자에게 상향을 요청하십시오.',
  },
  'month-quota-exceeded': {
    title: '월간 한도를 모두 썼습니다',
    why: '이번 달의 단위를 모두 썼습니다. 차감된 것은 없습니다.',
    todo: '다음 달(Retry-After)까지 기다리거나 공급자에게 상향을 요청하십시오.',
  },
  'sender-not-registered': {
    title: '등록되지 않은 발신 번호입니다',
    why: 'from이 등록되지 않았거나 발송 전에 등록이 끝납니다.',
    todo: '공급자에게 발신 번호 등록을 요청하십시오.',
  },
  'profile-not-registered': {
    title: '등록되지 않은 카카오 채널입니다',
    why: 'profile이 고객에게 등록된 카카오 채널이 아닙니다.',
    todo: '공급자에게 채널 등록을 요청하십시오.',
  },
  'destination-not-allowed': {
    title: '허용되지 않은 수신 국가입니다',
    why: '이 국가로 보낼 수 없는 계정입니다.',
    todo: '공급자에게 허용을 요청하십시오.',
  },
  'ad-at-night': {
    title: '야간에는 광고를 보낼 수 없습니다',
    why: '국내 광고는 21시부터 08시까지 발송되지 않습니다.',
    todo: 'sendAt을 08시 이후로 지정하십시오.',
  },
  'callback-not-allowed': {
    title: '허용되지 않은 콜백 호스트입니다',
    why: 'callback의 호스트가 고객에게 허용되지 않았습니다.',
    todo: '공급자에게 호스트 허용을 요청하거나 callback을 빼십시오.',
  },
  'recipient-suppressed': {
    title: '광고 수신을 거부한 번호입니다',
    why: '수신자가 광고를 거부했습니다.',
    todo: '보내지 마십시오. 수신자가 다시 동의한 경우에만 수신 거부를 해제하십시오.',
  },
  'message-released': {
    title: '취소할 수 없는 메시지입니다',
    why: '이미 통신사에 전달되었거나 예약되지 않은 메시지입니다.',
    todo: '취소할 수 없습니다. 결과를 확인하십시오.',
  },
  'registry-unavailable': {
    title: '키와 한도를 확인할 수 없습니다',
    why: '일시적인 장애입니다. 발송된 것은 없습니다.',
    todo: repeat,
  },
  'registry-frozen': { title: '점검 중입니다', why: '서비스를 점검하고 있습니다. 발송된 것은 없습니다.', todo: repeat },
  'queue-unavailable': {
    title: '메시지를 접수하지 못했습니다',
    why: '일시적인 장애입니다. 단위는 돌려드렸습니다.',
    todo: repeat,
  },
  'ledger-unavailable': {
    title: '상태와 결과를 조회할 수 없습니다',
    why: '일시적인 장애입니다.',
    todo: 'Retry-After만큼 기다린 뒤 다시 호출하십시오.',
  },
  'media-unavailable': {
    title: '이미지를 처리할 수 없습니다',
    why: '일시적인 장애입니다.',
    todo: 'Retry-After만큼 기다린 뒤 다시 호출하십시오.',
  },
  overloaded: {
    title: '호출이 몰려 처리할 수 없습니다',
    why: '처리할 수 있는 양보다 호출이 많습니다. 차감된 것은 없습니다.',
    todo: repeat,
  },
  'gateway-unavailable': {
    title: '서비스가 응답하지 않습니다',
    why: '응답이 없었습니다. 호출은 처리되었을 수도 있습니다.',
    todo: repeat,
  },
  'shutting-down': {
    title: '서버가 교체되고 있습니다',
    why: '이 서버는 새 호출을 받지 않습니다. 차감된 것은 없습니다.',
    todo: repeat,
  },
  'internal-error': {
    title: '내부 오류입니다',
    why: '서비스의 결함입니다. 호출은 처리되었을 수도 있습니다.',
    todo: `${repeat} 계속되면 requestId를 알려 주십시오.`,
  },
}
