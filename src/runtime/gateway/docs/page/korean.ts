import type { Guide, Section, Words } from './guide.ts'
import { koreanTexts } from './korean-texts.ts'

const words: Words = {
  title: '메시지 API',
  description: 'SMS, LMS, MMS를 보내고 결과를 확인합니다.',
  contents: '목차',
  skip: '본문으로 건너뛰기',
  otherLanguage: 'English',
  calls: '전체 호출',
  callsLead: '아래의 입력란은 모두 테스트 환경을 호출하며, 이 페이지 위쪽에 입력한 키를 사용합니다.',
  groups: {
    Messages: '메시지',
    Images: '이미지',
    Reports: '결과',
    'Opt-outs': '수신 거부',
    Quota: '한도',
    Tokens: '토큰',
  },
  field: '필드',
  type: '형식',
  meaning: '설명',
  required: '필수.',
  upTo: (most) => `최대 ${most}`,
  range: (least, most) => `${least}~${most}`,
  characters: '자',
  answer: '응답',
  answerExample: '예시',
  ownErrors: '이 호출의 오류',
  otherErrors: '그 밖에 <a href="#errors">모든 호출에 공통인 오류</a>가 있습니다.',
  again: '재시도',
  yes: '가능',
  no: '불가',
  todo: '조치',
  errorGroups: {
    signIn: '인증',
    input: '요청 내용',
    limits: '한도와 권한',
    service: '서비스 상태',
  },
  digits: '끝 네 자리',
  outcome: '동작',
  copy: '복사',
  keyLabel: '키 (ID:PW:API_KEY)',
  schemeLabel: '키의 인증 방식',
  check: '키 확인',
  send: '보내기',
  tryIt: '테스트 환경에서 실행',
  body: '본문',
  image: 'JPEG 이미지',
  script: {
    copied: '복사했습니다',
    parts: '키는 콜론으로 나뉜 세 부분입니다: ID:PW:API_KEY.',
    liveKey: '운영 키입니다. 이 입력란에는 테스트 환경의 키(ak_test_…)만 사용할 수 있습니다.',
    good: '정상적인 키입니다.',
    customer: '고객',
    left: '남음',
    wrongScheme: '키의 인증 방식이 다르면 위에서 선택한 뒤 다시 확인하십시오.',
    noAnswer: '응답 없음',
    noKey: '먼저 “키 확인”에 테스트 키를 입력하십시오.',
    insecure: '브라우저는 HTTPS 페이지에서만 서명할 수 있습니다. hmac 방식의 키는 예제 코드로 확인하십시오.',
  },
}

const sections: readonly Section[] = [
  {
    id: 'start',
    title: '시작하기',
    html: `<p class="lead">5분이면 첫 메시지를 보낼 수 있습니다. 키를 확인하고, 예제를 복사해서 실행하면 됩니다. 테스트 환경은 운영 환경과 똑같이 동작하지만 실제로 발송하지 않으며 요금도 없습니다.</p>
<div class="wide"><table><thead><tr><th scope="col">환경</th><th scope="col">기본 URL</th><th scope="col">키</th><th scope="col">비고</th></tr></thead><tbody>
<tr><td>테스트</td><td><code>https://api.example.com/test</code></td><td><code>ak_test_…</code></td><td>발송하지 않으며, 한도가 따로 있습니다</td></tr>
<tr><td>운영</td><td><code>https://api.example.com</code></td><td><code>ak_live_…</code></td><td>발송하며, 요금이 부과됩니다</td></tr></tbody></table></div>
<p>운영으로 전환할 때는 URL에서 <code>/test</code>를 빼고 운영 키를 사용하면 됩니다. 나머지는 같습니다. 요청과 응답은 HTTPS 위의 UTF-8 JSON입니다. 전체 명세는 <a href="openapi.json">openapi.json</a>(OpenAPI 3.1)에 있으며 코드 생성기나 Postman에서 불러올 수 있습니다.</p>`,
  },
  {
    id: 'key',
    title: '키 확인',
    html: `<p>키는 <code>ID:PW:API_KEY</code>의 세 부분입니다. <code>ID</code>는 고객 아이디, <code>PW</code>는 비밀 값, <code>API_KEY</code>는 키의 이름입니다. 키 확인은 한도 조회(<code>GET /v1.0/quota</code>)이므로 요금이 없습니다. 입력한 키는 이 페이지에만 있으며, 저장하지 않고 이 API에만 전송합니다.</p>{key-form}`,
  },
  {
    id: 'first',
    title: '첫 메시지 보내기',
    html: `<p>테스트 키를 환경 변수에 넣고 예제 하나를 실행합니다.</p>
<pre tabindex="0"><code>export APIGW_CREDENTIALS='ID:PW:API_KEY'</code></pre>
{samples:send}
<p>응답은 <code>202</code>이며 메시지의 <code>id</code>가 들어 있습니다. 발송이 확정되었다는 뜻입니다. 한 번 더 실행해 보십시오. <code>Idempotency-Key</code>가 같으므로 첫 호출의 응답이 그대로 돌아오고 메시지가 중복되지 않습니다.</p>
<p>위에 입력한 키로 여기서 바로 보낼 수도 있습니다.</p>{send-form}`,
  },
  {
    id: 'sign-in',
    title: '인증',
    html: `<p>키마다 인증 방식이 하나씩 있습니다. 방식은 키를 발급할 때 공급자가 정합니다.</p>
<h3 id="basic">Basic</h3>
<p>위의 예제처럼 <code>Authorization: Basic</code> 뒤에 <code>ID:PW:API_KEY</code>를 base64로 인코딩해서 보냅니다.</p>
<h3 id="jwt">JWT</h3>
<p><code>POST /v1.0/token</code>(OAuth 2.0 client credentials, Basic 인증)으로 토큰을 받아 <code>Authorization: Bearer</code>로 보냅니다. 토큰은 15분 동안 유효합니다. 만료 1분 전이나 <a href="#error-token-expired"><code>token-expired</code></a> 응답을 받았을 때 새로 받으십시오.</p>
{samples:token}
<h3 id="hmac">HMAC</h3>
<p>비밀 값을 전송하지 않는 방식입니다. 호출마다 HTTP Message Signatures(RFC 9421, <code>hmac-sha256</code>)로 서명합니다. 서명 대상은 <code>@method</code>, <code>@target-uri</code>(쿼리를 포함한 전체 URL), <code>content-digest</code>(RFC 9530, <code>sha-256</code>. 본문이 없으면 빈 값의 해시)입니다. <code>created</code>는 서버 시각과 5분까지 차이 나도 되며 <code>nonce</code>는 한 번만 쓸 수 있습니다. 같은 호출을 반복할 때도 매번 새로 서명하십시오.</p>
{samples:sign}`,
  },
  {
    id: 'repeat',
    title: '안전한 재시도',
    html: `<p>처리가 끝난 호출도 응답이 도착하지 않을 수 있습니다. 발송 호출에는 주문 번호처럼 직접 정한 <code>Idempotency-Key</code>(최대 255자)를 넣고, 응답을 받을 때까지 같은 키와 같은 본문으로 반복하십시오. 처리는 한 번만 됩니다. 이미 처리된 호출의 응답에는 <code>Idempotency-Replayed: true</code>가 있습니다.</p>
<ul><li>시간 초과, 연결 끊김, <code>"retryable": true</code>인 오류는 다시 시도합니다. <code>Retry-After</code>가 있으면 그만큼 기다리고, 없으면 1초, 2초, 4초처럼 늘리되 약간의 무작위 값을 더합니다.</li>
<li>같은 키에 다른 본문을 보내면 거절됩니다: <a href="#error-idempotency-key-reused"><code>idempotency-key-reused</code></a>.</li>
<li>테이블을 읽어 여러 건을 묶어 보내는 프로그램은 메시지마다 <code>key</code>를 넣으십시오. 키와 내용이 같으면 어느 호출에 들어 있든 한 번만 발송됩니다.</li></ul>`,
  },
  {
    id: 'test',
    title: '오류 상황 시험',
    html: `<p>테스트 환경에서는 수신 번호의 끝 네 자리로 결과를 고를 수 있습니다. 그 밖의 번호는 모두 전달 성공입니다.</p>{sandbox}`,
  },
  {
    id: 'units',
    title: '단위, 한도, 비용',
    html: `<p>메시지가 접수되면 단위가 차감됩니다. 수신자 한 명에게 보내는 메시지 한 건이 1단위이며, 공급자가 유형이나 지역에 따라 더 높게 정했다면 응답의 <code>units</code>에 표시됩니다. 단위당 요금은 계약에 따릅니다. 거절된 호출, 같은 <code>Idempotency-Key</code>로 반복한 호출, 조회에는 단위가 들지 않습니다. 취소했거나 발송 시점에 거절된 메시지의 단위는 돌려받습니다. 테스트 환경에는 한도가 따로 있고 요금이 없습니다.</p>
<p>초당, 일간, 월간 한도가 있을 수 있습니다. 일과 월은 고객의 시간대를 따릅니다. <code>GET /v1.0/quota</code>로 모든 한도를 무료로 조회할 수 있습니다. 발송 호출의 응답에는 <code>RateLimit</code>(남은 양)과 <code>RateLimit-Policy</code>(한도)가 있습니다. 한도를 넘으면 <code>429</code>와 <code>Retry-After</code>로 응답하며 아무것도 차감하지 않습니다. 묶음 발송은 유효한 메시지 전부의 단위를 차감하거나 전혀 차감하지 않습니다.</p>
<p>조회에도 한도가 있습니다. 초당 20회, 순간 최대 100회입니다. 메시지가 많으면 상태를 하나씩 조회하지 말고 <a href="#reports">결과</a>를 읽으십시오.</p>`,
  },
  {
    id: 'sending',
    title: '발송 조건',
    html: `<h3 id="types">유형과 본문</h3>
<p><code>type</code>을 생략하면 자동으로 정해집니다. 90바이트까지 <code>sms</code>, 2,000바이트까지 <code>lms</code>, <code>POST /v1.0/media</code>로 올린 이미지가 있으면(최대 3개) <code>mms</code>입니다. 한글은 한 글자에 2바이트입니다. 단말기가 표시할 수 없는 문자는 통용되는 문자로 바꾸고, 바뀐 본문을 응답의 <code>normalized</code>에 표시합니다. 바꿀 수 없는 문자는 위치와 함께 거절합니다.</p>
<h3 id="senders">발신 번호</h3>
<p><code>from</code>은 등록된 발신 번호여야 합니다. 등록은 공급자에게 요청하십시오. 테스트 환경에서는 모든 번호를 쓸 수 있습니다.</p>
<h3 id="ads">광고와 수신 거부</h3>
<p>광고에는 <code>"purpose": "ad"</code>를 넣습니다. 국내 광고는 <code>(광고)</code>와 발신자 명칭으로 시작하고 무료 수신 거부 번호로 끝나야 하며, 21시부터 08시까지는 발송되지 않습니다. 수신 거부한 번호는 <code>POST /v1.0/suppressions</code>로 등록하십시오. 등록된 번호로는 광고가 나가지 않습니다.</p>
<h3 id="scheduled">예약과 취소</h3>
<p><code>sendAt</code>으로 최대 30일 뒤까지 예약할 수 있습니다: <code>"2026-12-24T09:00:00+09:00"</code>. 그 전까지 <code>DELETE /v1.0/messages/{id}</code>로 취소하면 단위를 돌려받습니다. <code>ttl</code>은 그 시간(초)이 지나면 보내지 않는다는 뜻입니다.</p>`,
  },
  {
    id: 'reports',
    title: '결과 받기',
    html: `<p><code>GET /v1.0/reports</code>는 메시지의 결과를 확정된 순서대로 돌려줍니다. 각 페이지의 <code>cursor</code>를 보관했다가 다음 호출에 넣으십시오. 그 호출이 앞 페이지의 수신 확인입니다. <code>wait=20</code>이면 결과가 생길 때까지 최대 20초를 기다리므로 적은 호출로 반복할 수 있습니다.</p>
{samples:reports}
<ul><li>같은 결과가 두 번 올 수 있으므로 이미 받은 것은 무시하십시오.</li>
<li>페이지가 짧거나 비어 있어도 <code>"more": true</code>이면 바로 다음 페이지를 요청하십시오.</li>
<li>결과는 7일 동안 보관합니다. 더 오래된 커서는 보관 중인 가장 오래된 결과부터 이어집니다.</li>
<li><code>status</code>는 <code>delivered</code>, <code>failed</code>, <code>expired</code>, <code>rejected</code>, <code>cancelled</code>입니다. 앞으로 늘어날 수 있으며, 모르는 값은 최종 상태로 처리하십시오.</li></ul>`,
  },
  {
    id: 'webhooks',
    title: '웹훅',
    html: `<p>웹훅은 이벤트가 생기는 즉시 고객의 URL로 전송합니다. 설정은 공급자가 하며 <code>whsec_…</code> 형식의 비밀 값을 드립니다. <a href="https://www.standardwebhooks.com" rel="noreferrer">Standard Webhooks</a> 규격을 따르므로 그 라이브러리나 아래 코드로 검증할 수 있습니다.</p>
{samples:webhook}
<ul><li>서명 대상은 <code>webhook-id</code>, <code>webhook-timestamp</code>, 본문 바이트를 점으로 이은 값입니다. 키는 <code>whsec_</code> 뒤의 base64이고 알고리즘은 HMAC-SHA256입니다. 비밀 값을 교체하는 동안에는 <code>webhook-signature</code>에 공백으로 나뉜 서명이 여러 개 있을 수 있으며, 하나만 맞으면 됩니다.</li>
<li>5분 넘게 차이 나는 시각은 거절하십시오. 가로챈 이벤트를 다시 보내는 공격을 막습니다.</li>
<li>같은 <code>webhook-id</code>가 여러 번 올 수 있습니다. 저장해 두고 두 번째부터는 무시하십시오.</li>
<li>15초 안에 <code>2xx</code>로 응답하고 처리는 그 뒤에 하십시오. 다른 응답이면 약 하루 동안 다시 보냅니다. <code>410</code>은 웹훅을 끕니다.</li>
<li>본문은 <code>{"type": …, "timestamp": …, "data": …}</code>입니다. 결과 이벤트의 <code>type</code>은 <code>message.delivered</code>처럼 <code>message.</code>과 상태를 이은 값이며 <code>data</code>는 결과의 필드와 같습니다. 그 밖에 <code>quota.threshold</code>와 <code>webhook.test</code>가 있고 앞으로 늘어날 수 있습니다. 모르는 유형에도 <code>2xx</code>로 응답하십시오.</li>
<li>기준은 언제나 <a href="#reports">결과</a>입니다. 웹훅이 놓친 것도 7일 동안 남아 있습니다.</li></ul>`,
  },
  {
    id: 'errors',
    title: '오류',
    html: `<p>오류는 <code>application/problem+json</code>(RFC 9457)입니다. 프로그램은 <code>code</code>와 <code>retryable</code>을, 사람은 <code>detail</code>을 봅니다. 문의할 때는 <code>requestId</code>를 알려 주십시오.</p>
<pre tabindex="0"><code>{problem}</code></pre>
<p>코드의 뜻은 바뀌지 않지만 새 코드가 추가될 수 있습니다. 모르는 코드는 <code>retryable</code>에 따라 처리하십시오. 묶음 발송에서는 거절된 메시지마다 <code>problem</code>이 있습니다. <code>POST /v1.0/token</code>의 오류는 OAuth 형식(<code>error</code>, <code>error_description</code>)이며 <code>code</code>가 함께 있습니다.</p>
{codes}`,
  },
  {
    id: 'clients',
    title: '클라이언트와 도구',
    html: `<p>TypeScript(Node 20 이상)와 Python(3.9 이상) 클라이언트가 있습니다. 외부 라이브러리 없이 모든 인증 방식, 멱등 키, 재시도, 결과 순회, 웹훅 검증을 처리합니다. 클라이언트와 Postman 컬렉션은 공급자에게 요청하십시오. 다른 언어는 <a href="openapi.json">openapi.json</a>으로 클라이언트를 생성할 수 있습니다.</p>`,
  },
]

export const korean: Guide = {
  language: 'ko',
  words,
  sections,
  sandbox: {
    failed: '접수 후 실패로 보고됩니다(코드 sandbox-failed)',
    silent: '접수 후 결과가 오지 않습니다',
    late: '접수 후 30초 뒤에 전달 성공으로 보고됩니다',
    cut: '접수되고 발송되지만 응답 전에 연결이 끊깁니다',
    refused: '503 queue-unavailable로 응답합니다. 접수되지 않고 단위도 차감되지 않습니다',
  },
  // The document names the charset of the stage; the texts here that of the default.
  translated: (text) =>
    koreanTexts[text] ?? koreanTexts[text.replaceAll('CP949', 'EUC-KR')]?.replaceAll('EUC-KR', 'CP949') ?? text,
}
