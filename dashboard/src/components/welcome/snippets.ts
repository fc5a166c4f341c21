export interface Snippet {
  name: string
  label: string
  file: string
  install?: string
  code: (dsn: string, key: string, origin: string) => string
}

/** Ready to paste: each sends an event of its own at once. */
export const SNIPPETS: Snippet[] = [
  {
    name: 'curl',
    label: 'curl',
    file: 'Terminal',
    code: (_, key, origin) =>
      `curl -sS ${origin}/api/v1/events -H 'X-Mesher-Auth: ${key}' -H 'Content-Type: application/json' -d '{"message":"hello from curl","level":"error"}'`,
  },
  {
    name: 'python',
    label: 'Python',
    file: 'app.py',
    install: 'pip install sentry-sdk',
    code: (dsn) =>
      `import sentry_sdk\n\nsentry_sdk.init(dsn="${dsn}", release="app@1.0.0")\n\ndivision_by_zero = 1 / 0`,
  },
  {
    name: 'node',
    label: 'Node.js',
    file: 'app.js',
    install: 'npm install @sentry/node',
    code: (dsn) =>
      `const Sentry = require("@sentry/node");\n\nSentry.init({ dsn: "${dsn}", release: "app@1.0.0" });\n\nsetTimeout(() => {\n  throw new Error("hello from Node.js");\n}, 100);`,
  },
  {
    name: 'browser',
    label: 'Browser',
    file: 'main.js',
    install: 'npm install @sentry/browser',
    code: (dsn) =>
      `import * as Sentry from "@sentry/browser";\n\nSentry.init({ dsn: "${dsn}", release: "app@1.0.0" });\n\nSentry.captureException(new Error("hello from the browser"));`,
  },
  {
    name: 'java',
    label: 'Java',
    file: 'Main.java',
    install: 'implementation "io.sentry:sentry:8.+"',
    code: (dsn) =>
      `import io.sentry.Sentry;\n\npublic class Main {\n  public static void main(String[] args) {\n    Sentry.init(options -> options.setDsn("${dsn}"));\n    Sentry.captureException(new IllegalStateException("hello from Java"));\n  }\n}`,
  },
  {
    name: 'go',
    label: 'Go',
    file: 'main.go',
    install: 'go get github.com/getsentry/sentry-go',
    code: (dsn) =>
      `package main\n\nimport (\n\t"errors"\n\t"time"\n\n\t"github.com/getsentry/sentry-go"\n)\n\nfunc main() {\n\tsentry.Init(sentry.ClientOptions{Dsn: "${dsn}"})\n\tdefer sentry.Flush(2 * time.Second)\n\tsentry.CaptureException(errors.New("hello from Go"))\n}`,
  },
  {
    name: 'php',
    label: 'PHP',
    file: 'index.php',
    install: 'composer require sentry/sentry',
    code: (dsn) =>
      `<?php\nrequire 'vendor/autoload.php';\n\n\\Sentry\\init(['dsn' => '${dsn}']);\n\\Sentry\\captureException(new Exception('hello from PHP'));`,
  },
]
