/**
 * The texts of the OpenAPI document that the page shows, in Korean. A text that is not here is shown as it is; a test finds it.
 * Texts that name a charset are those of EUC-KR.
 */
export const koreanTexts: Readonly<Record<string, string>> = {
  'Send one message': '메시지 한 건을 보냅니다',
  'The message will be sent': '메시지가 발송됩니다',
  'Find messages by ref, recipient or day': 'ref, 수신 번호, 날짜로 메시지를 찾습니다',
  'The recipient, in E.164 or as a Korean number': '수신 번호. E.164 또는 국내 번호',
  'The day on which they were accepted, in your time zone': '접수된 날짜. 고객의 시간대 기준',
  'Their status now': '현재 상태',
  'From the page before. Absent: from the newest message': '앞 페이지의 커서. 생략하면 가장 최근 메시지부터',
  '1 to 100, 50 if left out': '1~100. 생략하면 50',
  'Newest first. A page can be short, even empty, and have a cursor: there is more to look through':
    '최신순. 페이지가 짧거나 비어 있어도 cursor가 있으면 찾을 것이 더 있습니다',
  'Send up to 500 messages': '메시지를 최대 500건 보냅니다',
  'Each message by itself: accepted, or rejected and why': '메시지별 결과: 접수 또는 거절과 이유',
  'Read the status of up to 100 messages': '메시지 최대 100건의 상태를 조회합니다',
  'Those that are known, in the order in which they were asked for, and the ids of the others':
    '찾은 메시지(요청한 순서)와 찾지 못한 id',
  'Read the status of a message': '메시지 한 건의 상태를 조회합니다',
  'As the answer to the message gave it': '발송 응답에 있던 id',
  'Where the message is': '메시지의 현재 상태',
  'Cancel a message that is held for its time': '예약된 메시지를 취소합니다',
  'The message is cancelled and never sent, and its units are returned': '취소되어 발송되지 않으며 단위를 돌려받습니다',
  'Upload an image for an MMS': 'MMS용 이미지를 올립니다',
  'The image is kept; messages may name it': '이미지가 보관되며 메시지에서 사용할 수 있습니다',
  'Read reports': '결과를 읽습니다',
  'From the page before. Absent: from the oldest report that is kept':
    '앞 페이지의 커서. 생략하면 보관 중인 가장 오래된 결과부터',
  '1 to 500, 100 if left out': '1~500. 생략하면 100',
  'Seconds to wait for a report where there is none, up to 20': '결과가 없을 때 기다리는 시간(초). 최대 20',
  'At least once each: keep the cursor, and ask with it for what comes next':
    '결과마다 한 번 이상 전달합니다. cursor를 보관했다가 다음 호출에 넣으십시오',
  'Add opt-outs: no advertising is sent to these numbers': '수신 거부를 등록합니다. 이 번호로는 광고가 나가지 않습니다',
  'What became of each number. One that had opted out before keeps its first date, source and note':
    '번호별 결과. 이미 등록된 번호는 처음의 날짜, 경로, 메모를 유지합니다',
  'List opt-outs': '수신 거부 목록을 조회합니다',
  'From the page before. Absent: from the first number': '앞 페이지의 커서. 생략하면 첫 번호부터',
  'A page, by number. Without a cursor it is the last one': '번호순 페이지. cursor가 없으면 마지막 페이지입니다',
  'Remove opt-outs: the recipients have consented again': '수신 거부를 해제합니다. 수신자가 다시 동의한 경우입니다',
  'What became of each number': '번호별 결과',
  'Read every limit and what is left of it': '모든 한도와 남은 양을 조회합니다',
  'Every limit that you have': '설정된 모든 한도',
  'Get a bearer token': 'Bearer 토큰을 받습니다',
  'A token for the Authorization header': 'Authorization 헤더에 넣을 토큰',
  'A name of your own for this call. The same call with the same key is carried out once':
    '직접 정한 호출 이름. 같은 키의 같은 호출은 한 번만 처리됩니다',
  'Your own name for this request, for the logs': '로그에 남길, 직접 정한 요청 이름',
  'In E.164': 'E.164 형식',
  'One for each number, in order': '번호마다 하나, 요청한 순서',
  'Up to 1000 recipients, in E.164 or as Korean numbers': '수신 번호 최대 1,000개. E.164 또는 국내 번호',
  'Where they opted out': '수신 거부 경로',
  'Kept with each of them': '번호마다 함께 보관할 메모',
  'Units of the accepted messages together. Left out where each has 1': '접수된 메시지의 단위 합계. 모두 1단위이면 생략',
  'One for each message, in order': '메시지마다 하나, 요청한 순서',
  'Fields for every message that lacks them': '메시지에 없는 필드를 채울 공통 값',
  'Units of the message, by its type and destination. Left out: 1': '유형과 지역에 따른 단위. 1이면 생략',
  'When an advertisement is sent that is held until the morning': '아침까지 보류된 광고가 발송되는 시각',
  'The message was accepted before, by its key, and is not sent again':
    '같은 key로 이미 접수된 메시지이며 다시 발송되지 않습니다',
  'Where it is in what you sent (RFC 6901)': '요청에서 잘못된 위치(RFC 6901)',
  'Goes into a message\'s "media". The same image has the same id': '메시지의 "media"에 넣는 id. 같은 이미지는 id가 같습니다',
  'When it is whole again': '한도가 다시 채워지는 시각',
  'Names the message from now on': '메시지의 id',
  'Your own name for it, as you gave it': '요청에 넣은 ref',
  'Recipient, in E.164 or as a Korean number': '수신 번호. E.164 또는 국내 번호',
  'SMS: up to 90 bytes in EUC-KR, LMS: up to 2,000': 'EUC-KR로 SMS는 90바이트, LMS는 2,000바이트까지',
  'Chosen by media and the length of the text if left out': '생략하면 이미지 유무와 본문 길이로 정해집니다',
  'LMS and MMS only, up to 40 bytes in EUC-KR': 'LMS와 MMS만. EUC-KR로 40바이트까지',
  'Replace characters that EUC-KR does not hold where there is a customary replacement. Default: true':
    'EUC-KR에 없는 문자를 통용되는 문자로 바꿀지 여부. 기본값은 true',
  'MMS only: ids of one to three images, as POST /v1.0/media gave them': 'MMS만. POST /v1.0/media가 돌려준 이미지 id 1~3개',
  'Your own name for the message; comes back with its report': '직접 정한 메시지 이름. 결과에 함께 돌아옵니다',
  'Your key for the message. The same key with the same content is sent once, whichever call carries it. Either all messages of a call have one, or none':
    '직접 정한 메시지 키. 키와 내용이 같으면 어느 호출에 있든 한 번만 발송됩니다. 한 호출의 메시지는 모두 key가 있거나 모두 없어야 합니다',
  'RFC 3339; at most 30 days ahead. Up to 15 minutes ago means now':
    '예약 시각(RFC 3339). 최대 30일 뒤. 15분 전까지의 과거는 즉시 발송',
  'Seconds after which it is not sent any more': '이 시간(초)이 지나면 보내지 않습니다',
  'What it is for. "ad": an advertisement, which begins with "(광고)" and the name of its sender, ends with a free number for refusals, and to Korea is not sent from 21:00 to 08:00. Left out: "ad" where the text begins as an advertisement, else "normal"':
    '용도. "ad"는 광고로, "(광고)"와 발신자 명칭으로 시작하고 무료 수신 거부 번호로 끝나야 하며 국내에는 21시~08시에 발송되지 않습니다. 생략하면 본문이 광고 형식일 때 "ad", 아니면 "normal"',
  'Your own name for the message': '직접 정한 메시지 이름',
  'Where the events of this message are sent, beside your webhooks. Your provider has to have allowed its host':
    '이 메시지의 이벤트를 웹훅과 별도로 받을 URL. 호스트는 공급자가 먼저 허용해야 합니다',
  'Where the events of this message are sent': '이 메시지의 이벤트를 받는 URL',
  "The carrier's own word for the outcome": '통신사의 결과 코드',
  'Since when': '상태가 된 시각',
  'Where the message is: accepted, scheduled, queued, delivered, failed, expired, rejected, cancelled. More may be added':
    '메시지의 상태: accepted, scheduled, queued, delivered, failed, expired, rejected, cancelled. 앞으로 늘어날 수 있습니다',
  'What is sent instead of what you gave, where the two differ': '요청과 다르게 바뀐 경우, 실제로 발송되는 본문',
  'Stable, for programs. More may be added': '프로그램용 코드. 앞으로 늘어날 수 있습니다',
  'What became of it: delivered, failed, expired, rejected, cancelled. More may be added':
    '결과: delivered, failed, expired, rejected, cancelled. 앞으로 늘어날 수 있습니다',
  'Ask with it for what comes next': '다음 페이지를 요청할 때 넣는 값',
  'More are there already': '바로 읽을 수 있는 결과가 더 있는지 여부',
  Seconds: '초',
  'Sender, in E.164 or as a Korean number. Each message has one, but an alimtalk without a fallback needs none':
    '발신 번호. E.164 또는 국내 번호. 모든 메시지에 필요하며, 대체 발송이 없는 알림톡에는 없어도 됩니다',
  'Alimtalk only: the sender key of your Kakao channel, or its name. Your provider registers it for you':
    '알림톡 전용. 카카오 채널의 발신 키 또는 이름. 공급자가 등록합니다',
  'Alimtalk only: the code of the template that Kakao approved': '알림톡 전용. 카카오가 승인한 템플릿 코드',
  'Alimtalk only: the buttons of the template, up to 5': '알림톡 전용. 템플릿의 버튼, 최대 5개',
  'Alimtalk only: the SMS or LMS that is sent where KakaoTalk does not reach the recipient':
    '알림톡 전용. 카카오톡으로 전달되지 않을 때 대신 발송되는 SMS 또는 LMS',
  'Chosen by the length of the text if left out': '생략하면 본문 길이에 따라 정해집니다',
  'Sender. Left out: the from of the message': '발신 번호. 생략하면 메시지의 from',
  'LMS only, up to 40 bytes in EUC-KR': 'LMS 전용. EUC-KR 40바이트까지',
  'Values for {{name}} in text and subject, and in an alimtalk also for #{name}. Each is used, and each {{name}} has one. Left out: braces are sent as they are':
    '본문과 제목의 {{name}}에 넣을 값. 알림톡에서는 #{name}에도 쓰입니다. 모든 값이 쓰이고 모든 {{name}}에 값이 있어야 합니다. 생략하면 중괄호를 그대로 보냅니다',
  'What it was delivered as, where the carrier says so: an alimtalk as alimtalk, or as the sms or lms of its fallback. More may be added':
    '전달된 방식(통신사가 알려 주는 경우): 알림톡은 alimtalk, 대체 발송은 sms 또는 lms. 앞으로 늘어날 수 있습니다',
  'What was spent by what, up to a minute ago': '무엇에 얼마나 썼는지. 최대 1분 전 기준',
  'Type of the messages': '메시지 유형',
  'Messages that were accepted': '접수된 메시지 수',
  'Units that were taken for them': '사용한 단위',
  'Units that came back, for messages that were not sent': '발송되지 않아 돌려받은 단위',
}
