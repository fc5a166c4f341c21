import { gzipSync } from 'node:zlib'
import { assert, eventually, isLive, signIn } from './harness.mjs'
import { message, pythonError } from './samples.mjs'
import { accessible } from './test_issues.mjs'

export async function test_UI_01_the_overview_shows_figures_top_issues_and_shares({ project, open }) {
  await project.store(pythonError(), pythonError(), pythonError({ release: 'shop@1.2.4' }), message('low on disk'))
  const page = await open()
  await signIn(page, project)
  await page.locator('[data-issue]').nth(1).waitFor() // what loads first is measured without the charts
  const scripts = await page.evaluate(() =>
    [...document.scripts, ...document.querySelectorAll('link[rel=modulepreload]')].map((one) => one.src || one.href),
  )
  const loaded = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map((one) => one.name)
      .filter((name) => name.endsWith('.js')),
  )
  let bytes = 0
  for (const url of new Set([...scripts.filter(Boolean), ...loaded]))
    bytes += gzipSync(Buffer.from(await (await fetch(url)).arrayBuffer())).length
  assert(bytes > 20_000 && bytes <= 150 * 1024, 'JavaScript of the issue list, gzip', bytes)

  await page.keyboard.press('g')
  await page.keyboard.press('o')
  await page.waitForURL(/\/overview/)
  await page.getByRole('link', { name: '2', exact: true }).first().waitFor() // two unresolved issues
  await page.getByRole('link', { name: /CheckoutError/ }).waitFor()
  await page.getByRole('link', { name: /shop@1\.2\.3/ }).waitFor()
  await page.getByTestId('level-chart').waitFor()
  await accessible(page)
  await page.getByRole('button', { name: 'Switch to dark' }).click()
  await page.locator('html.dark').waitFor()
  await accessible(page)
}

export async function test_UI_08_the_chart_of_levels_counts_every_event_and_zooms_by_dragging({ project, open }) {
  await project.store(pythonError(), pythonError(), message('one'), message('two', { level: 'info' }))
  const page = await open()
  await signIn(page, project)
  await page.goto(`/projects/${project.id}/overview`)
  const chart = page.getByTestId('level-chart')
  await chart.locator('canvas').first().waitFor()
  await page.getByRole('img', { name: /2 error, 1 warning, 1 info/ }).waitFor()
  const box = await chart.boundingBox()
  await eventually('dragging chooses a time', async () => {
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.75, box.y + box.height / 2, { steps: 4 })
    await page.mouse.move(box.x + box.width * 0.9, box.y + box.height / 2, { steps: 4 })
    await page.mouse.up()
    return page.waitForURL(/range=[^&]*~/, { timeout: 3000 }).then(
      () => true,
      () => false,
    )
  })
  await page.getByRole('button', { name: 'Zoom out' }).click()
  await page.getByRole('img', { name: /2 error, 1 warning, 1 info/ }).waitFor()
}

export async function test_UI_02_events_are_searched_paged_and_opened_beside({ project, open }) {
  await project.store(
    ...Array.from({ length: 104 }, (_, i) =>
      message(`job ${i < 2 ? 'lost' : 'late'}`, { tags: { region: i % 2 ? 'eu-1' : 'us-2' } }),
    ),
  )
  const page = await open()
  await signIn(page, project)
  await page.goto(`/projects/${project.id}/events`)
  await page.locator('[data-event]').nth(99).waitFor()
  await page.getByRole('button', { name: 'Show more' }).click()
  await page.locator('[data-event]').nth(103).waitFor()
  const box = page.getByTestId('query')
  await box.fill('region:eu-1 lost')
  await box.press('Enter')
  await eventually('one is left', async () => (await page.locator('[data-event]').count()) === 1)
  await page.locator('[data-event]').getByRole('button').click()
  const panel = page.getByTestId('event-panel')
  await panel.getByRole('heading', { name: 'Tags' }).waitFor()
  assert(/event=[0-9a-f]{32}/.test(page.url()), 'the open event is in the address')
  await accessible(page)
  await page.keyboard.press('Escape')
  await panel.waitFor({ state: 'detached' })
}

export async function test_UI_05_the_live_tail_shows_pauses_filters_and_comes_back({ project, open }) {
  const page = await open()
  await signIn(page, project)
  await page.goto(`/projects/${project.id}/events?mode=live&query=level%3Aerror`)
  await isLive(page)
  const tail = page.getByTestId('tail')
  await eventually('errors arrive', async () => {
    await project.send({ message: 'live one', level: 'error' }, { message: 'never shown', level: 'info' })
    return tail
      .getByText('live one')
      .first()
      .waitFor({ timeout: 3000 })
      .then(
        () => true,
        () => false,
      )
  })
  assert((await tail.getByText('never shown').count()) === 0, 'the filter holds')
  await page.getByTestId('pause').click()
  const held = await page.getByTestId('held').innerText()
  await project.send({ message: 'while paused', level: 'error' })
  await page.getByRole('button', { name: /1 wait/ }).waitFor()
  assert((await page.getByTestId('held').innerText()) === held, 'nothing moves while paused')
  await page.getByTestId('pause').click()
  await tail.getByText('while paused').waitFor()
  await tail.getByText('while paused').click()
  await page.getByTestId('event-panel').getByText('Raw event').waitFor()
  await accessible(page)
}

export async function test_UI_05_offline_is_shown_and_the_stream_comes_back_by_itself({ project, open }) {
  const page = await open()
  // The network as seen from this page: sockets are cut, and refused for a while.
  let away = false
  let cut = () => undefined
  await page.routeWebSocket(/\/api\/v1\/live/, (socket) => {
    if (away) return socket.close()
    const server = socket.connectToServer()
    cut = () => {
      server.close()
      socket.close()
    }
  })
  await signIn(page, project)
  await isLive(page)
  away = true
  cut()
  await page.locator('[data-testid="socket-state"][data-state="offline"]').first().waitFor({ state: 'attached' })
  away = false
  await isLive(page)
  await eventually('news arrive again', async () => {
    await project.send(
      message(
        `after ${Math.random()
          .toString(36)
          .replace(/[^a-z]/g, '')}`,
      ),
    )
    return page
      .getByTestId('announced')
      .waitFor({ timeout: 3000 })
      .then(
        () => true,
        () => false,
      )
  })
}

export async function test_UI_04_the_first_event_turns_up_on_the_page_that_waits_for_it({ project, open }) {
  const page = await open()
  await page.goto('/')
  await page.getByLabel('E-mail').fill(project.email)
  await page.getByLabel('Password').fill('not it')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').getByText('password is wrong').waitFor()
  await signIn(page, project)
  await page.getByRole('link', { name: 'Send an event' }).click()
  await page.getByTestId('snippet').getByText(project.key).waitFor()
  await isLive(page)
  const waiting = page.locator('[data-testid="waiting"][data-arrived="true"]')
  await eventually('it turns up', async () => {
    await project.send({ message: 'hello from curl', level: 'error' })
    return waiting.waitFor({ timeout: 3000 }).then(
      () => true,
      () => false,
    )
  })
  await accessible(page)
  await page.getByRole('link', { name: 'Open the issue' }).click()
  await page.getByRole('heading', { name: 'hello from curl' }).first().waitFor()
}
