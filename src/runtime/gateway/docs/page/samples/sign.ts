/** A message that is signed as HTTP Message Signatures (RFC 9421) define, so that its secret never travels. */
export const signSamples = {
  node: `import { createHash, createHmac, randomBytes } from 'node:crypto'

const [id, secret, apiKey] = process.env.APIGW_CREDENTIALS.split(':')
const url = 'https://api.example.com/test/v1.0/messages'
const body = JSON.stringify({ to: '010-1234-5678', from: '1588-1234', text: 'Hello' })

const digest = \`sha-256=:\${createHash('sha256').update(body).digest('base64')}:\`
const created = Math.floor(Date.now() / 1000)
const nonce = randomBytes(16).toString('hex')
const params =
  \`("@method" "@target-uri" "content-digest");created=\${created};nonce="\${nonce}";keyid="\${id}:\${apiKey}"\`
const base =
  \`"@method": POST\\n"@target-uri": \${url}\\n"content-digest": \${digest}\\n"@signature-params": \${params}\`
const signature = createHmac('sha256', secret).update(base).digest('base64')

const response = await fetch(url, {
  method: 'POST',
  headers: {
    'Content-Type': 'application/json',
    'Idempotency-Key': 'order-18',
    'Content-Digest': digest,
    'Signature-Input': \`sig=\${params}\`,
    Signature: \`sig=:\${signature}:\`,
  },
  body,
})
console.log(response.status, await response.text())
`,
  python: `import base64, hashlib, hmac, json, os, secrets, time, urllib.request

customer, secret, api_key = os.environ["APIGW_CREDENTIALS"].split(":")
url = "https://api.example.com/test/v1.0/messages"
body = json.dumps({"to": "010-1234-5678", "from": "1588-1234", "text": "Hello"}).encode()

digest = "sha-256=:" + base64.b64encode(hashlib.sha256(body).digest()).decode() + ":"
params = '("@method" "@target-uri" "content-digest");created=%d;nonce="%s";keyid="%s:%s"' % (
    time.time(), secrets.token_hex(16), customer, api_key)
base = f'"@method": POST\\n"@target-uri": {url}\\n"content-digest": {digest}\\n"@signature-params": {params}'
signature = base64.b64encode(hmac.new(secret.encode(), base.encode(), hashlib.sha256).digest()).decode()

request = urllib.request.Request(url, body, {
    "Content-Type": "application/json",
    "Idempotency-Key": "order-18",
    "Content-Digest": digest,
    "Signature-Input": f"sig={params}",
    "Signature": f"sig=:{signature}:",
})
with urllib.request.urlopen(request, timeout=30) as response:
    print(response.status, response.read().decode())
`,
  java: `import java.net.URI;
import java.net.http.*;
import java.security.*;
import java.util.*;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Sign {
  public static void main(String[] args) throws Exception {
    String[] parts = System.getenv("APIGW_CREDENTIALS").split(":");
    String url = "https://api.example.com/test/v1.0/messages";
    byte[] body = "{\\"to\\":\\"010-1234-5678\\",\\"from\\":\\"1588-1234\\",\\"text\\":\\"Hello\\"}".getBytes("UTF-8");
    Base64.Encoder base64 = Base64.getEncoder();

    String digest = "sha-256=:" + base64.encodeToString(MessageDigest.getInstance("SHA-256").digest(body)) + ":";
    String params = String.format(
        "(\\"@method\\" \\"@target-uri\\" \\"content-digest\\");created=%d;nonce=\\"%s\\";keyid=\\"%s:%s\\"",
        System.currentTimeMillis() / 1000, UUID.randomUUID(), parts[0], parts[2]);
    String base = "\\"@method\\": POST\\n\\"@target-uri\\": " + url + "\\n\\"content-digest\\": " + digest
        + "\\n\\"@signature-params\\": " + params;
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(parts[1].getBytes("UTF-8"), "HmacSHA256"));
    String signature = base64.encodeToString(mac.doFinal(base.getBytes("UTF-8")));

    HttpRequest request = HttpRequest.newBuilder(URI.create(url))
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", "order-18")
        .header("Content-Digest", digest)
        .header("Signature-Input", "sig=" + params)
        .header("Signature", "sig=:" + signature + ":")
        .POST(HttpRequest.BodyPublishers.ofByteArray(body)).build();
    HttpResponse<String> response =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(response.statusCode() + " " + response.body());
  }
}
`,
  php: `<?php
[$id, $secret, $apiKey] = explode(':', getenv('APIGW_CREDENTIALS'));
$url = 'https://api.example.com/test/v1.0/messages';
$body = json_encode(['to' => '010-1234-5678', 'from' => '1588-1234', 'text' => 'Hello']);

$digest = 'sha-256=:' . base64_encode(hash('sha256', $body, true)) . ':';
$params = sprintf('("@method" "@target-uri" "content-digest");created=%d;nonce="%s";keyid="%s:%s"',
    time(), bin2hex(random_bytes(16)), $id, $apiKey);
$base = "\\"@method\\": POST\\n\\"@target-uri\\": $url\\n\\"content-digest\\": $digest\\n\\"@signature-params\\": $params";
$signature = base64_encode(hash_hmac('sha256', $base, $secret, true));

$context = stream_context_create(['http' => [
    'method' => 'POST',
    'ignore_errors' => true,
    'timeout' => 30,
    'header' => [
        'Content-Type: application/json',
        'Idempotency-Key: order-18',
        "Content-Digest: $digest",
        "Signature-Input: sig=$params",
        "Signature: sig=:$signature:",
    ],
    'content' => $body,
]]);
echo file_get_contents($url, false, $context), "\\n";
`,
}
