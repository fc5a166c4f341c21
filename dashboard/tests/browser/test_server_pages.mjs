import { accessibleInBothThemes } from './accessible.mjs'
import { assert, eventually, signIn } from './harness.mjs'

export async function test_UI_09_the_graph_moves_is_edited_checked_applied_and_rolled_back_and_quarantine_replayed({
  project,
  open,
}) {
  const page = await open()
  await signIn(page, project)
  await page.goto('/graph')
  const parse = page.locator('[data-node="parse"]')
  await parse.waitFor()
  await eventually('rates move', async () => {
    await project.send({ message: 'one' }, { message: 'two' }, { message: 'three' })
    return /\d/.test(await parse.getByTestId('rate').innerText())
  })
  await parse.click()
  await page.getByTestId('node-detail').getByText('Room for batches').waitFor()
  const tap = page.getByTestId('tap')
  await tap.getByRole('button', { name: 'Tap' }).click()
  await page.locator('[data-testid="tap"][data-state="open"]').waitFor()
  await tap.getByLabel('Filter of the tap').fill('mark:tapped')
  await tap.getByLabel('Filter of the tap').press('Enter')
  await page.locator('[data-testid="tap"][data-state="open"]').waitFor()
  const seen = tap.getByRole('button', { name: `tapped of ${project.key}` })
  await eventually('it is seen passing', async () => {
    await project.send({ message: `tapped of ${project.key}`, tags: { mark: 'tapped' } }, { message: 'not tapped' })
    return (await seen.count()) > 0
  })
  assert((await tap.getByText('not tapped').count()) === 0, 'the filter holds')
  await seen.first().click()
  await tap.getByLabel('The event', { exact: true }).getByText('"mark": "tapped"').waitFor()
  await accessibleInBothThemes(page)
  await parse.click()

  await page.getByTestId('edit').click()
  const text = page.getByLabel('Topology', { exact: true })
  const before = await text.inputValue()
  await text.fill(before.replace('type = "parse"', 'type = "prase"'))
  await page.getByTestId('mistakes').getByText(/prase/).waitFor()
  assert(await page.getByTestId('apply').isDisabled(), 'what has mistakes can not be applied')

  // Other tests share this server: only what this one sends is thrown at.
  const mark = `odd-${project.key}`
  const withOdd = (message) =>
    before.replace('inputs = ["sample"]', 'inputs = ["odd"]') +
    `\n[nodes.odd]\ntype = "fault"\ninputs = ["sample"]\nmessage = "${message}"\n`
  const odd = page.locator('[data-node="odd"]')
  const apply = async (topology) => {
    await text.fill(topology)
    await page.getByTestId('diff').waitFor()
    await page.getByTestId('apply').click()
  }
  await text.fill(withOdd(mark))
  await page.getByTestId('verdict').getByText('odd new').waitFor()
  await page.getByTestId('diff').getByText('+ [nodes.odd]').waitFor()
  await accessibleInBothThemes(page)
  await page.getByTestId('apply').click()
  await odd.waitFor()
  try {
    await project.send({ message: mark }, { message: `${mark} too` })
    await odd.getByText(/2 quarantined/).waitFor()
  } finally {
    await page.getByTestId('roll-back').click()
    await odd.waitFor({ state: 'detached' })
  }
  assert((await text.inputValue()) === before, 'the former text is back')

  // The cause is mended: one of them is replayed among all that is in quarantine, the other one from its node.
  await apply(withOdd(`never ${mark}`))
  try {
    await odd.waitFor()
    const stored = async () =>
      (await project.issues())
        .filter((one) => one.title.includes('odd-'))
        .reduce((sum, one) => sum + one.event_count, 0)
    await page.goto('/quarantine')
    const { name } = await project.api(`projects/${project.id}`)
    const entry = page.getByTestId('quarantine').getByRole('listitem').filter({ hasText: name }).first()
    await entry.waitFor()
    await entry.getByRole('button', { name: /Payload/ }).click()
    await entry.getByText(mark).first().waitFor()
    await accessibleInBothThemes(page)
    await entry.getByRole('checkbox').click()
    await page.getByTestId('replay-chosen').click()
    await eventually('it is stored', async () => (await stored()) === 1)
    await page.goto('/graph?node=odd&edit=1')
    await page
      .getByTestId('node-quarantine')
      .getByRole('button', { name: /Replay \d/ })
      .click()
    await eventually('and the other one', async () => (await stored()) === 2)
  } finally {
    await page.goto('/graph?edit=1')
    await apply(before)
    await odd.waitFor({ state: 'detached' })
  }
}

export async function test_UI_09_usage_adds_up_and_nodes_are_listed({ project, open }) {
  const page = await open()
  await signIn(page, project)
  await page.goto(`/projects/${project.id}/usage`)
  await page.getByRole('heading', { name: 'Nothing was sent in this time' }).waitFor()
  await project.store({ message: 'one' }, { message: 'two' })
  await fetch(`${project.base}/api/v1/events`, {
    method: 'POST',
    headers: { 'X-Mesher-Auth': project.key },
    body: '{"level":"loud"}',
  })
  await eventually('it is all in the outcomes', async () => {
    await page.reload()
    const rows = page.getByTestId('outcomes')
    await rows.waitFor()
    const text = await rows.innerText()
    return /Stored\s+–\s+2\s/.test(text) && /Not valid\s+\S+\s+1\s/.test(text)
  })
  await page.getByTestId('storage').getByText('On disk').waitFor()
  await accessibleInBothThemes(page)
  await page.goto('/nodes')
  await page.getByTestId('nodes').getByText('ready').waitFor()
  await accessibleInBothThemes(page)
}
