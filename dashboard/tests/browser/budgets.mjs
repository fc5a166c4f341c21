// Measures the dashboard against its budgets, with the production build, the real program and demo data:
//   budgets.mjs --program build/mesher      (./test dashboard)
// Words after that choose parts: loading keys axe tail lighthouse. SOAK=seconds shortens the live tail's ten minutes. Numbers depend on the machine: this is run by hand, on a quiet one.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { AxeBuilder } from '@axe-core/playwright'
import { eventually, launch, Project, signIn, visit } from './harness.mjs'
import { screens } from './screens.mjs'

const LIGHTHOUSE = '13.5.0'
const program = resolve(process.argv[process.argv.indexOf('--program') + 1])
const chosen = process.argv.slice(process.argv.indexOf('--program') + 2)
const wanted = (part) => chosen.length === 0 || chosen.includes(part)
const soak = Number(process.env.SOAK ?? 600)
let missed = 0
function report(what, value, unit, most) {
  const good = value <= most
  if (!good) ++missed
  console.log(`${good ? 'holds ' : 'MISSED'}  ${what}: ${Math.round(value * 10) / 10} ${unit} (at most ${most})`)
}

const data = mkdtempSync(join(tmpdir(), 'mesher-budgets-'))
execFileSync('chmod', ['755', data])
const server = spawn(program, ['serve', '--listen', '127.0.0.1:0', '--data-dir', data], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const base = await new Promise((found, failed) => {
  let said = ''
  server.stdout.on('data', (bytes) => {
    const address = /^listening on (\S+)/m.exec((said += bytes))?.[1]
    if (address) found(address)
  })
  server.on('exit', () => failed(new Error(`the server did not start:\n${said}`)))
})

/** Scripts that a page has loaded so far, gzip. */
async function scripts(page) {
  const urls = await page.evaluate(() => [
    ...new Set(
      performance
        .getEntriesByType('resource')
        .map((one) => one.name)
        .filter((name) => name.endsWith('.js')),
    ),
  ])
  let bytes = 0
  for (const url of urls) bytes += gzipSync(Buffer.from(await (await fetch(url)).arrayBuffer())).length
  return bytes / 1024
}

/** From asking for the page to its first row, the median of five. */
async function useful(page, path) {
  const times = []
  for (let i = 0; i < 5; ++i) {
    await page.goto('about:blank')
    await page.goto(path, { waitUntil: 'commit' })
    const row = await page.waitForFunction(() => document.querySelector('[data-issue]') && performance.now())
    times.push(await row.jsonValue())
  }
  return times.sort((a, b) => a - b)[2]
}

async function loading(page, project) {
  await page.goto(`/projects/${project.id}/issues`)
  await page.locator('[data-issue]').first().waitFor()
  report('initial JavaScript, gzip', await scripts(page), 'KB', 150)
  await page.goto(`/projects/${project.id}/overview`)
  await page.locator('[data-testid="level-chart"] canvas').first().waitFor()
  report('with charts', await scripts(page), 'KB', 330)
  const path = `/projects/${project.id}/issues`
  report('issue list useful, warm server', await useful(page, path), 'ms', 500)
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Network.enable')
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true })
  const rate = (1.6 * 1024 * 1024) / 8
  await cdp.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 150,
    downloadThroughput: rate,
    uploadThroughput: rate / 2,
  })
  report('issue list useful, slow 4G and nothing cached', await useful(page, path), 'ms', 2500)
  await cdp.detach()
}

async function keys(page, project) {
  const letters = (n) => [...String(n)].map((digit) => 'abcdefghij'[digit]).join('')
  await project.send(...Array.from({ length: 60 }, (_, i) => ({ message: `kind ${letters(i + 100)}`, level: 'error' })))
  await eventually('the issues are there', async () => (await project.issues()).length >= 60)
  await page.goto(`/projects/${project.id}/issues`)
  await page.locator('[data-issue]').nth(49).waitFor()
  await page.getByLabel('Select all rows').check()
  await page.getByTestId('bulk').getByText('50 selected').waitFor()
  const took = await page.evaluate(
    () =>
      new Promise((done) => {
        const start = performance.now()
        new MutationObserver(() => {
          if (document.querySelectorAll('[data-issue][data-status="resolved"]').length === 50)
            requestAnimationFrame(() => done(performance.now() - start))
        }).observe(document.querySelector('tbody'), { attributes: true, subtree: true })
        document.dispatchEvent(new KeyboardEvent('keydown', { key: 'e', bubbles: true }))
      }),
  )
  report('key press to changed row, 50 selected', took, 'ms', 100)
}

/** The stream is made here, as the server would send it: it is the page that is measured. */
async function tail(page, project) {
  let say
  await page.routeWebSocket(/\/api\/v1\/live/, (socket) => {
    socket.connectToServer()
    say = (message) => socket.send(JSON.stringify(message))
  })
  await page.goto(`/projects/${project.id}/events?mode=live`)
  await eventually('the socket is open', () => say !== undefined)
  await page.getByTestId('tail').waitFor()
  await page.evaluate(() => {
    window.longest = 0
    new PerformanceObserver((list) => {
      for (const one of list.getEntries()) window.longest = Math.max(window.longest, one.duration)
    }).observe({ type: 'longtask' })
  })
  const cdp = await page.context().newCDPSession(page)
  const heap = async () => {
    await cdp.send('HeapProfiler.collectGarbage')
    return (await cdp.send('Runtime.getHeapUsage')).usedSize / 1024 / 1024
  }
  const time = new Date().toISOString()
  let n = 0
  const pour = async (seconds) => {
    const until = Date.now() + seconds * 1000
    for (let due = Date.now(); Date.now() < until; due += 50) {
      for (let i = 0; i < 100; ++i, ++n)
        say({
          type: 'event',
          id: n.toString(16).padStart(32, '0'),
          issue_id: n % 50,
          project_id: project.id,
          level: ['error', 'warning', 'info'][n % 3],
          title: `number ${n}`,
          message: `number ${n} of the stream`,
          culprit: 'app.orders',
          environment: 'production',
          release: 'shop@1.2.3',
          platform: 'python',
          timestamp: time,
          received: time,
          tags: { region: 'eu-1' },
        })
      await new Promise((next) => setTimeout(next, Math.max(0, due + 50 - Date.now())))
    }
  }
  await pour(55) // until it is full
  const before = await heap()
  await page.evaluate(() => (window.longest = 0))
  await pour(soak)
  const longest = await page.evaluate(() => window.longest)
  const after = await heap()
  console.log(`        live tail: ${n} events, ${await page.getByTestId('held').innerText()}`)
  report('live tail, longest task', longest, 'ms', 50)
  report(`live tail, growth of memory in ${soak} s (from ${before.toFixed(0)} MB)`, (after / before - 1) * 100, '%', 10)
}

async function accessibility(browser, owner, project) {
  const { organization_id: org } = await project.api(`projects/${project.id}`)
  const issue = (await project.issues())[0].id
  let found = 0
  for (const colorScheme of ['light', 'dark']) {
    const page = await visit(browser, { base }, { colorScheme })
    await signIn(page, owner)
    for (const [name, path, ready] of screens({ project: project.id, org, issue })) {
      await page.goto(path)
      await page.locator(ready).first().waitFor({ state: 'attached' })
      for (const one of (await new AxeBuilder({ page }).analyze()).violations) {
        ++found
        console.log(`        ${name}, ${colorScheme}: ${one.id} at ${one.nodes[0].target.join(' ')}`)
      }
    }
    await page.context().close()
  }
  report('violations that axe finds on all screens, light and dark', found, '', 0)
}

async function lighthouse(owner, project) {
  // It is large and needed here only: npm brings it beside.
  const beside = new URL('../../node_modules.lighthouse/', import.meta.url).pathname
  if (!existsSync(join(beside, 'node_modules/lighthouse/package.json')))
    execFileSync(
      'npm',
      [
        'install',
        '--prefix',
        beside,
        '--no-save',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
        `lighthouse@${LIGHTHOUSE}`,
      ],
      { stdio: 'inherit' },
    )
  const { default: run, desktopConfig } = await import(join(beside, 'node_modules/lighthouse/core/index.js'))
  const port = await new Promise((found) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const chosen = probe.address().port
      probe.close(() => found(chosen))
    })
  })
  const browser = await launch({ args: [`--remote-debugging-port=${port}`], profile: join(data, 'profile') })
  try {
    const page = await browser.newPage()
    await page.goto(`${base}/sign-in`)
    await page.getByLabel('E-mail').fill(owner.email)
    await page.getByLabel('Password').fill(owner.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(/\/projects\/\d+\//)
    await page.close()
    const issue = (await project.issues())[0].id
    for (const path of ['issues', `issues/${issue}`, 'overview']) {
      const url = `${base}/projects/${project.id}/${path}`
      const { lhr } = await run(
        url,
        {
          port,
          disableStorageReset: true,
          logLevel: 'error',
          onlyCategories: ['performance', 'accessibility', 'best-practices'],
        },
        desktopConfig,
      )
      for (const [name, least] of [
        ['performance', 95],
        ['accessibility', 100],
        ['best-practices', 100],
      ]) {
        const score = Math.round(lhr.categories[name].score * 100)
        if (score < least) {
          ++missed
          for (const { id } of lhr.categories[name].auditRefs)
            if (lhr.audits[id].score !== null && lhr.audits[id].score < 0.9)
              console.log(`        ${id}: ${lhr.audits[id].displayValue ?? lhr.audits[id].title}`)
        }
        console.log(
          `${score < least ? 'MISSED' : 'holds '}  Lighthouse, ${path}, ${name}: ${score} (at least ${least})`,
        )
      }
    }
  } finally {
    await browser.close()
  }
}

try {
  const who = { email: 'owner@localhost.localdomain', password: 'of the budgets' }
  execFileSync(program, ['demo', '--once', '--data-dir', data], { stdio: ['ignore', 'ignore', 'inherit'] })
  execFileSync(program, ['passwd', '--email', who.email, '--data-dir', data], { input: who.password, stdio: 'pipe' })
  const shop = new Project({ base, data }, program, { org: 'Demo', name: 'Shop', ...who })
  const project = new Project({ base, data }, program, { org: 'Demo', name: 'Empty', ...who })
  const browser = await launch()
  try {
    const page = await visit(browser, project)
    await signIn(page, project)
    if (wanted('loading')) await loading(page, shop)
    if (wanted('keys')) await keys(page, project)
    if (wanted('axe')) await accessibility(browser, project, shop)
    if (wanted('tail')) await tail(page, project)
  } finally {
    await browser.close()
  }
  if (wanted('lighthouse')) await lighthouse(project, shop)
} finally {
  server.kill('SIGINT')
  await new Promise((ended) => server.on('exit', ended))
  rmSync(data, { recursive: true, force: true })
}
console.log(missed ? `${missed} budgets are missed` : 'all budgets hold')
process.exitCode = missed ? 1 : 0
