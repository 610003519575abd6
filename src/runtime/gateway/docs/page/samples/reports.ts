/** One page of reports, and the cursor of the next. */
export const reportSamples = {
  curl: `curl --user "$APIGW_CREDENTIALS" \\
  "https://api.example.com/test/v1.0/reports?wait=20\${CURSOR:+&cursor=$CURSOR}"
`,
  node: `import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const authorization = 'Basic ' + Buffer.from(process.env.APIGW_CREDENTIALS).toString('base64')
let cursor = existsSync('cursor.txt') ? readFileSync('cursor.txt', 'utf8') : undefined
for (let more = true; more; ) {
  const url = new URL('https://api.example.com/test/v1.0/reports?wait=20')
  if (cursor) url.searchParams.set('cursor', cursor)
  const response = await fetch(url, { headers: { Authorization: authorization } })
  if (!response.ok) throw new Error(await response.text())
  const page = await response.json()
  for (const { id, status, code } of page.reports) console.log(id, status, code ?? '')
  writeFileSync('cursor.txt', page.cursor) // after the reports are stored: asking with it acknowledges them
  cursor = page.cursor
  more = page.more
}
`,
  python: `import base64, json, os, pathlib, urllib.parse, urllib.request

authorization = "Basic " + base64.b64encode(os.environ["APIGW_CREDENTIALS"].encode()).decode()
kept = pathlib.Path("cursor.txt")
more = True
while more:
    query = {"wait": 20}
    if kept.exists():
        query["cursor"] = kept.read_text()
    request = urllib.request.Request(
        "https://api.example.com/test/v1.0/reports?" + urllib.parse.urlencode(query),
        headers={"Authorization": authorization},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        page = json.load(response)
    for report in page["reports"]:
        print(report["id"], report["status"], report.get("code", ""))
    kept.write_text(page["cursor"])  # after the reports are stored: asking with it acknowledges them
    more = page["more"]
`,
  java: `import java.net.URI;
import java.net.URLEncoder;
import java.net.http.*;
import java.nio.file.*;
import java.util.Base64;
import java.util.regex.*;

public class Reports {
  public static void main(String[] args) throws Exception {
    String credentials = System.getenv("APIGW_CREDENTIALS");
    Path kept = Path.of("cursor.txt");
    boolean more = true;
    while (more) {
      String url = "https://api.example.com/test/v1.0/reports?wait=20";
      if (Files.exists(kept)) url += "&cursor=" + URLEncoder.encode(Files.readString(kept), "UTF-8");
      HttpRequest request = HttpRequest.newBuilder(URI.create(url))
          .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(credentials.getBytes("UTF-8")))
          .build();
      HttpResponse<String> response =
          HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() != 200) throw new RuntimeException(response.body());
      System.out.println(response.body()); // store the reports, with the JSON library that you have
      Matcher cursor = Pattern.compile("\\"cursor\\":\\"([^\\"]+)\\"").matcher(response.body());
      if (cursor.find()) Files.writeString(kept, cursor.group(1)); // asking with it acknowledges them
      more = response.body().contains("\\"more\\":true");
    }
  }
}
`,
  php: `<?php
$context = stream_context_create(['http' => [
    'timeout' => 60,
    'header' => 'Authorization: Basic ' . base64_encode(getenv('APIGW_CREDENTIALS')),
]]);
do {
    $query = ['wait' => 20];
    if (is_file('cursor.txt')) {
        $query['cursor'] = file_get_contents('cursor.txt');
    }
    $url = 'https://api.example.com/test/v1.0/reports?' . http_build_query($query);
    $page = json_decode(file_get_contents($url, false, $context), true);
    foreach ($page['reports'] as $report) {
        echo $report['id'], ' ', $report['status'], ' ', $report['code'] ?? '', "\\n";
    }
    file_put_contents('cursor.txt', $page['cursor']); // after the reports are stored: asking with it acknowledges them
} while ($page['more']);
`,
}
