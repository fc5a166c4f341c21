// Drives the dashboard as people do: Chromium, the real program, a real database. Conditions are waited for, never times.
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

export const PATIENCE = 120_000

export function assert(condition, message, ...seen) {
  if (!condition) throw new Error([message, ...seen.map((one) => JSON.stringify(one))].join(' '))
}

/** Asks again and again until the answer is true, which is returned. */
export async function eventually(what, condition, patience = PATIENCE) {
  const deadline = Date.now() + patience
  let last
  for (;;) {
    try {
      last = await condition()
      if (last) return last
    } catch (failure) {
      last = failure
    }
    if (Date.now() > deadline)
      throw new Error(
        `${what}: not within ${patience} ms; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
      )
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** An organisation, a project and its owner on a running server. */
export class Project {
  /** With what is given, that one is found if it is there already. */
  constructor(server, program, { org, name: given, email, password } = {}) {
    const name = randomUUID().slice(0, 8)
    this.base = server.base
    this.email = email ?? `${name}@example.com`
    this.password = password ?? `password of ${name}`
    const words = ['setup', '--data-dir', server.data, '--json']
    words.push('--org', org ?? `Org ${name}`, '--project', given ?? `Project ${name}`)
    words.push('--email', this.email, '--password', this.password)
    const made = JSON.parse(execFileSync(program, words, { encoding: 'utf8' }))
    this.id = made.project.id
    this.key = made.public_key
    this.token = made.api_token
  }

  async send(...events) {
    for (const event of events) {
      const answer = await fetch(`${this.base}/api/v1/events`, {
        method: 'POST',
        headers: { 'X-Mesher-Auth': this.key, 'Content-Type': 'application/json' },
        body: JSON.stringify(event),
      })
      assert(answer.status === 202, 'the event was not taken', answer.status, await answer.text())
    }
  }

  async api(path, options = {}) {
    const answer = await fetch(`${this.base}/api/v1/${path}`, {
      ...options,
      headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json' },
    })
    assert(answer.ok, `${path} answered`, answer.status)
    return answer.json()
  }

  async issues(query = '') {
    return (await this.api(`projects/${this.id}/issues?limit=100&query=${encodeURIComponent(query)}`)).data
  }

  /** Sends, and waits until they are stored. */
  async store(...events) {
    const before = (await this.issues()).reduce((n, one) => n + one.event_count, 0)
    await this.send(...events)
    await eventually(
      'the events are stored',
      async () => (await this.issues()).reduce((n, one) => n + one.event_count, 0) >= before + events.length,
    )
  }
}

/** With a `profile`, cookies stay in that folder, for whoever else talks to this browser. */
export function launch({ args = [], profile } = {}) {
  const options = {
    executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((one) =>
      existsSync(one),
    ),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
      ...args,
    ],
    timeout: PATIENCE,
  }
  return profile ? chromium.launchPersistentContext(profile, options) : chromium.launch(options)
}

/** A page of a new visitor. What the page itself finds wrong is collected in `page.problems`; other origins are never asked. */
export async function visit(browser, project, options = {}) {
  const context = await browser.newContext({
    baseURL: project.base,
    viewport: { width: 1280, height: 800 },
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
    ...options,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE)
  page.setDefaultNavigationTimeout(PATIENCE)
  page.problems = []
  page.on('pageerror', (error) => page.problems.push(String(error)))
  page.on('console', (message) => {
    // Refused requests are the pages' business and shown to people.
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text()))
      page.problems.push(message.text())
  })
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(project.base) && !/^(data|blob|ws):/.test(url)) page.problems.push(`asks another host: ${url}`)
  })
  return page
}

export async function signIn(page, project) {
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').fill(project.email)
  await page.getByLabel('Password').fill(project.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(/\/projects\/\d+\//)
}

export async function isLive(page) {
  await page.locator('[data-testid="socket-state"][data-state="open"]').first().waitFor({ state: 'attached' })
}

export function readServer(stateFile) {
  return JSON.parse(readFileSync(stateFile, 'utf8'))
}
