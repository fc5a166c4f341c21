import { AxeBuilder } from '@axe-core/playwright'
import { assert, eventually, isLive, signIn } from './harness.mjs'
import { hostile, huge, message, minified, pythonError, rightToLeft } from './samples.mjs'

export async function accessible(page) {
  const { violations } = await new AxeBuilder({ page }).analyze()
  assert(
    violations.length === 0,
    'axe:',
    violations.map((one) => [one.id, one.nodes[0]?.html]),
  )
}

const four = () =>
  ['Alpha', 'Beta', 'Gamma', 'Delta'].map((type) =>
    pythonError({ exception: { values: [{ type, value: 'of the test' }] } }),
  )
const row = (page, title) => page.locator('[data-issue]', { hasText: title })

export async function test_UI_03_issues_are_resolved_by_keys_and_undone({ project, open }) {
  await project.store(...four())
  const page = await open()
  await signIn(page, project)
  await page.locator('[data-issue]').nth(3).waitFor()
  const first = await page.locator('[data-issue]').first().getAttribute('data-issue')
  await page.keyboard.press('j')
  await page.keyboard.press('e')
  await page.locator(`[data-issue="${first}"][data-status="resolved"]`).waitFor()
  await eventually('the server knows', async () => (await project.issues('is:resolved')).length === 1)
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.locator(`[data-issue="${first}"][data-status="unresolved"]`).waitFor()
  await eventually('it is undone', async () => (await project.issues('is:unresolved')).length === 4)

  // Two of them selected: archived at once, and the rows stay where they are.
  await page.keyboard.press('x')
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await page.getByTestId('bulk').getByText('2 selected').waitFor()
  await page.keyboard.press('a')
  await eventually('two are archived', async () => (await project.issues('is:archived')).length === 2)
  assert((await page.locator('[data-issue]').count()) === 4, 'rows stay')

  await page.keyboard.press('m')
  await page.getByRole('menuitem', { name: '(me)' }).click()
  await eventually('one is assigned', async () => (await project.issues('assigned:me')).length === 1)

  await page.keyboard.press('?')
  await page.getByRole('dialog').getByText('Next row').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/issues\/\d+/)
}

export async function test_UI_03_a_search_is_completed_shared_by_its_address_and_names_its_mistake({ project, open }) {
  await project.store(...four(), message('only a note', { tags: { region: 'us-2' } }))
  const page = await open()
  await signIn(page, project)
  await page.locator('[data-issue]').nth(4).waitFor()
  const box = page.getByTestId('query')
  await page.keyboard.press('/')
  await box.fill('lev')
  await page.getByRole('option', { name: 'level:' }).click()
  await page.getByRole('option', { name: 'warning', exact: true }).click()
  await box.press('Enter')
  await page.waitForURL(/query=level/)
  await eventually('one row', async () => (await page.locator('[data-issue]').count()) === 1)
  await page.reload()
  await row(page, 'only a note').waitFor()
  assert((await page.locator('[data-issue]').count()) === 1, 'the address holds the search')
  await page.goBack()
  await eventually('Back undoes it', async () => (await page.locator('[data-issue]').count()) === 5)
  await box.fill('is:open')
  await box.press('Enter')
  await page.getByTestId('query-mistake').getByText('"is:" takes one of').waitFor()
  await page.getByRole('button', { name: 'Archived' }).click()
  await page.getByTestId('empty').getByText('No issues here').waitFor()
  await accessible(page)
}

export async function test_UI_03_new_issues_announce_themselves_and_move_no_row({ project, open }) {
  await project.store(...four())
  const page = await open()
  await signIn(page, project)
  await page.locator('[data-issue]').nth(3).waitFor()
  await isLive(page)
  const ids = () => page.locator('[data-issue]').evaluateAll((rows) => rows.map((one) => one.dataset.issue).join())
  const before = await ids()
  // Until the subscription is in force nothing is told: send until something is.
  const note = page.getByTestId('announced')
  await eventually('it is announced', async () => {
    await project.send(
      message(
        `brand new ${Math.random()
          .toString(36)
          .replace(/[^a-z]/g, '')}`,
      ),
    )
    return note.waitFor({ timeout: 3000 }).then(
      () => true,
      () => false,
    )
  })
  assert((await ids()) === before, 'no row has moved')
  await note.click()
  await row(page, 'brand new').first().waitFor()
  await accessible(page)
}

export async function test_UI_04_an_issue_shows_chain_frames_variables_breadcrumbs_tags_and_request({ project, open }) {
  await project.store(pythonError(), pythonError({ release: 'shop@1.2.4' }))
  const page = await open({ permissions: ['clipboard-read', 'clipboard-write'] })
  await signIn(page, project)
  await row(page, 'CheckoutError').getByRole('link').click()
  const body = page.getByTestId('event-body')
  await body.getByText('Caused by').waitFor()
  const order = await body.locator('#stack h3').allInnerTexts()
  assert(order.join() === 'CheckoutError,ConnectionError', 'in reading order', order)
  // The frame of the application is open, and what its source is written in comes as colours.
  await body.getByText('raise CheckoutError').waitFor()
  await body.locator('.source-keyword', { hasText: 'raise' }).waitFor()
  await body.getByText('{"id":17,"items":3}').waitFor()
  await body.getByText('2 frames of libraries').click()
  await body.getByText('django/core/handlers.py').waitFor()
  assert((await body.getByTestId('crumb').count()) === 2, 'breadcrumbs')
  await body.getByText('GET https://stock.example.com/17 503').waitFor()
  await body.getByRole('button', { name: 'Copy as curl' }).click()
  const line = await eventually('curl line', () => page.evaluate(() => navigator.clipboard.readText()))
  assert(
    line.includes("-X 'POST'") && line.includes('it\\u0027s') === false && line.includes(`it'\\''s`),
    'quoted for a shell',
    line,
  )
  await page.getByRole('complementary', { name: 'About this issue' }).getByText('eu-1').waitFor()

  // Through the events and back.
  const id = page.getByTestId('event-id')
  const newest = await id.innerText()
  await page.getByRole('button', { name: 'Previous event' }).click()
  await eventually('the one before', async () => (await id.innerText()) !== newest)
  await page.keyboard.press('k')
  await eventually('the next', async () => (await id.innerText()) === newest)
  await accessible(page)

  await page.getByRole('link', { name: /^Activity/ }).click()
  await page.getByLabel('Comment', { exact: true }).fill('looks like <b>stock</b> again')
  await page.getByRole('button', { name: 'Comment', exact: true }).click()
  await page.getByTestId('activity').getByText('looks like <b>stock</b> again').waitFor()
  await page.getByRole('button', { name: 'Resolve', exact: true }).click()
  await page.getByTestId('activity').getByText('resolved it').waitFor()
  await page.getByRole('link', { name: 'Grouping' }).click()
  await page.getByText('grouped by exception').waitFor()
}

export async function test_UI_04_hostile_huge_minified_and_right_to_left_events_render_right({ project, open }) {
  await project.store(hostile(), huge(), minified(), rightToLeft())
  const page = await open()
  await signIn(page, project)
  await page.locator('[data-issue]').nth(3).waitFor()
  const fits = async (what) => {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert(wide <= 0, `${what} is wider than the page by`, wide)
    assert(!(await page.evaluate(() => window.hacked)), `${what}: a script of an event ran`)
  }
  await fits('the list')
  for (const [title, sign] of [
    ['window.hacked', '<script>window.hacked=1</script>'],
    ['RecursionError', /Show \d+ more of \d+ frames/],
    ['n is undefined', /!function\(e,t\)/],
    ['القيمة', 'raise ValueError("القيمة")'],
  ]) {
    await row(page, title).getByRole('link').click()
    await page.getByTestId('event-body').getByText(sign).first().waitFor()
    await page.getByRole('button', { name: 'Show JSON' }).click()
    await page.getByLabel('Event as JSON').waitFor()
    await fits(title)
    await page.setViewportSize({ width: 360, height: 740 })
    await fits(`${title}, narrow`)
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.keyboard.press('Escape')
    await page.waitForURL(/\/issues(\?|$)/)
  }
}

export async function test_UI_04_issues_are_merged_split_and_discarded({ project, open }) {
  await project.store(...four())
  const page = await open()
  await signIn(page, project)
  await row(page, 'Alpha').getByRole('link').click()
  const more = async (what) => {
    await page.getByRole('button', { name: 'Merge, split, delete' }).click()
    await page.getByRole('menuitem', { name: what, exact: true }).click()
  }
  await more('Merge with others…')
  await page.getByLabel('Search issues to merge').fill('Beta')
  await page.getByTestId('merge-candidates').getByRole('checkbox').check()
  await accessible(page)
  await page.getByTestId('confirm').click()
  await eventually('three are left', async () => (await project.issues()).length === 3)
  await page.getByText('Merged 1 issue into this one').first().waitFor()

  await more('Split…')
  const hashes = page.getByTestId('hashes')
  await hashes.getByRole('checkbox').nth(1).waitFor()
  assert(await page.getByTestId('confirm').isDisabled(), 'nothing is chosen yet')
  await hashes.getByRole('checkbox').first().check()
  await accessible(page)
  const before = page.url()
  await page.getByTestId('confirm').click()
  await page.waitForURL((url) => /issues\/\d+$/.test(url.pathname) && url.href !== before)
  await eventually('four again', async () => (await project.issues()).length === 4)

  await more('Delete and discard…')
  await page.getByTestId('confirm').click()
  await page.waitForURL(/\/issues(\?|$)/)
  await eventually('it is gone', async () => (await project.issues()).length === 3)
  await page.goto(`/projects/${project.id}/settings/filters`)
  await page.getByTestId('discarded').getByRole('button', { name: 'Take again' }).click()
  await page.getByTestId('confirm').click()
  await page.getByTestId('discarded').waitFor({ state: 'detached' })
}

export async function test_UI_04_the_slider_leads_to_the_event_of_a_time({ project, open }) {
  await project.store(pythonError({ release: 'shop@1' }))
  await project.store(pythonError({ release: 'shop@2' }))
  await project.store(pythonError({ release: 'shop@3' }))
  const page = await open()
  await signIn(page, project)
  await row(page, 'CheckoutError').getByRole('link').click()
  const id = page.getByTestId('event-id')
  const newest = await id.innerText()
  const slider = page.getByLabel('Event at a time')
  await slider.focus()
  await slider.press('Home')
  await eventually('the oldest event', async () => {
    const old = await page.getByRole('button', { name: 'Oldest event' }).isDisabled()
    return old && (await id.innerText()) !== newest
  })
  await page.getByTestId('event-body').getByText('shop@1', { exact: true }).first().waitFor()
  assert(/event=[0-9a-f]{32}/.test(page.url()), 'the address holds the event')
  await page.goBack()
  await eventually('Back leads to the newest', async () => (await id.innerText()) === newest)
}
