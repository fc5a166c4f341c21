import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert, eventually, isLive, Project, signIn, visit } from './harness.mjs'
import { message, pythonError } from './samples.mjs'

export async function test_UI_03_what_one_browser_changes_the_other_one_sees({ project, open }) {
  await project.store(pythonError())
  const [one, other] = [await open(), await open()]
  await signIn(one, project)
  await signIn(other, project)
  await other.locator('[data-issue]').getByRole('link').click()
  await other.getByTestId('issue-state').getByText('New').waitFor()
  await isLive(other)
  await one.locator('[data-issue]').waitFor()
  // Until the other one's subscription is in force nothing is told: change until it sees something.
  let seen = false
  for (let i = 0; i < 20 && !seen; ++i) {
    const key = i % 2 ? 'u' : 'e'
    await one.keyboard.press('j')
    await one.keyboard.press(key)
    await one.locator(`[data-issue][data-status="${i % 2 ? 'unresolved' : 'resolved'}"]`).waitFor()
    seen = await other
      .getByTestId('issue-state')
      .getByText(i % 2 ? 'Ongoing' : 'Resolved')
      .waitFor({ timeout: 6000 })
      .then(
        () => true,
        () => false,
      )
  }
  assert(seen, 'the change is seen')
}

export async function test_UI_03_from_signing_in_to_a_resolved_issue_without_a_mouse({ project, open }) {
  await project.store(pythonError())
  const page = await open()
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').focus()
  await page.keyboard.type(project.email)
  await page.keyboard.press('Tab')
  await page.keyboard.type(project.password)
  await page.keyboard.press('Enter')
  await page.locator('[data-issue]').waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.getByTestId('event-body').waitFor()
  await page.keyboard.press('e')
  await page.getByTestId('issue-state').getByText('Resolved').waitFor()
  await eventually('the server knows', async () => (await project.issues('is:resolved')).length === 1)
  await page.keyboard.press('Escape')
  await page.waitForURL(/\/issues(\?|$)/)
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog').getByRole('textbox').waitFor()
  await page.keyboard.type('Usage')
  await page.getByRole('option', { name: /Usage/ }).first().waitFor()
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/usage/)
}

export async function test_UI_05_a_server_that_is_killed_while_one_looks_comes_back_and_nothing_is_lost({
  browser,
  program,
}) {
  const data = mkdtempSync(join(tmpdir(), 'mesher-browser-'))
  chmodSync(data, 0o755)
  let port = 0
  const serve = async () => {
    const words = ['serve', '--listen', `127.0.0.1:${port}`, '--data-dir', data]
    const running = spawn(program, words, { stdio: ['ignore', 'pipe', 'ignore'] })
    let said = ''
    running.stdout.on('data', (bytes) => (said += bytes))
    running.base = await eventually('the server listens', () => {
      if (running.exitCode !== null || running.signalCode !== null) throw new Error(said)
      return /^listening on (\S+)/m.exec(said)?.[1]
    })
    port = Number(new URL(running.base).port)
    return running
  }
  const ended = (running) => new Promise((resolve) => running.on('exit', resolve))
  let server = await serve()
  try {
    const project = new Project({ base: server.base, data }, program)
    await project.store(pythonError())
    const page = await visit(browser, project)
    await signIn(page, project)
    const row = (text) => page.locator('[data-issue]', { hasText: text })
    await row('CheckoutError').waitFor()
    await isLive(page)
    await project.send(message('taken before the end'))
    server.kill('SIGKILL')
    await ended(server)
    await page.locator('[data-testid="socket-state"][data-state="offline"]').first().waitFor({ state: 'attached' })
    assert((await row('CheckoutError').count()) === 1, 'what was there stays')
    server = await serve()
    await isLive(page)
    await eventually('what was taken is stored', async () => (await project.issues()).length === 2)
    await page.keyboard.press('r')
    await row('taken before the end').waitFor()
    assert(page.problems.length === 0, 'the page has problems', page.problems)
  } finally {
    server.kill('SIGINT')
    if (server.exitCode === null && server.signalCode === null) await ended(server)
    rmSync(data, { recursive: true, force: true })
  }
}
