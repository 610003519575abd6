/** The first message: to the test environment, with a key that makes repeating safe. */
export const sendSamples = {
  curl: `curl --user "$APIGW_CREDENTIALS" https://api.example.com/test/v1.0/messages \\
  --header 'Content-Type: application/json' \\
  --header 'Idempotency-Key: order-17' \\
  --data '{"to":"010-1234-5678","from":"1588-1234","text":"Hello"}'
`,
  node: `const credentials = process.env.APIGW_CREDENTIALS // ID:PW:API_KEY
const response = await fetch('https://api.example.com/test/v1.0/messages', {
  method: 'POST',
  headers: {
    Authorization: 'Basic ' + Buffer.from(credentials).toString('base64'),
    'Content-Type': 'application/json',
    'Idempotency-Key': 'order-17',
  },
  body: JSON.stringify({ to: '010-1234-5678', from: '1588-1234', text: 'Hello' }),
})
const answer = await response.json()
if (!response.ok) throw new Error(\`\${answer.code}: \${answer.detail} (request \${answer.requestId})\`)
console.log('accepted', answer.id)
`,
  python: `import base64, json, os, urllib.error, urllib.request

credentials = os.environ["APIGW_CREDENTIALS"]  # ID:PW:API_KEY
request = urllib.request.Request(
    "https://api.example.com/test/v1.0/messages",
    data=json.dumps({"to": "010-1234-5678", "from": "1588-1234", "text": "Hello"}).encode(),
    headers={
        "Authorization": "Basic " + base64.b64encode(credentials.encode()).decode(),
        "Content-Type": "application/json",
        "Idempotency-Key": "order-17",
    },
)
try:
    with urllib.request.urlopen(request, timeout=30) as response:
        print("accepted", json.load(response)["id"])
except urllib.error.HTTPError as error:
    problem = json.load(error)
    raise SystemExit(f"{problem['code']}: {problem['detail']} (request {problem['requestId']})")
`,
  java: `import java.net.URI;
import java.net.http.*;
import java.util.Base64;

public class Send {
  public static void main(String[] args) throws Exception {
    String credentials = System.getenv("APIGW_CREDENTIALS"); // ID:PW:API_KEY
    HttpRequest request = HttpRequest.newBuilder(URI.create("https://api.example.com/test/v1.0/messages"))
        .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(credentials.getBytes("UTF-8")))
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", "order-17")
        .POST(HttpRequest.BodyPublishers.ofString(
            "{\\"to\\":\\"010-1234-5678\\",\\"from\\":\\"1588-1234\\",\\"text\\":\\"Hello\\"}"))
        .build();
    HttpResponse<String> response =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 202) throw new RuntimeException(response.body());
    System.out.println("accepted " + response.body());
  }
}
`,
  php: `<?php
$credentials = getenv('APIGW_CREDENTIALS'); // ID:PW:API_KEY
$context = stream_context_create(['http' => [
    'method' => 'POST',
    'ignore_errors' => true,
    'timeout' => 30,
    'header' => [
        'Authorization: Basic ' . base64_encode($credentials),
        'Content-Type: application/json',
        'Idempotency-Key: order-17',
    ],
    'content' => json_encode(['to' => '010-1234-5678', 'from' => '1588-1234', 'text' => 'Hello']),
]]);
$answer = json_decode(file_get_contents('https://api.example.com/test/v1.0/messages', false, $context), true);
if (!isset($answer['id'])) {
    exit("{$answer['code']}: {$answer['detail']} (request {$answer['requestId']})\\n");
}
echo 'accepted ', $answer['id'], "\\n";
`,
}
