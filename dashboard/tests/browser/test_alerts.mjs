import { createServer } from 'node:http'
import { assert, eventually, signIn } from './harness.mjs'
import { pythonError } from './samples.mjs'
import { accessible } from './test_issues.mjs'

export async function test_UI_06_a_rule_is_made_tried_on_the_past_tested_switched_off_and_deleted({ project, open }) {
  // The shared server tells no private addresses: nothing may arrive here, and the log says why.
  let arrived = 0
  const receiver = createServer((_, answer) => answer.end(String(++arrived)))
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  try {
    await project.store(pythonError(), pythonError(), pythonError())
    const page = await open()
    await signIn(page, project)
    await page.goto(`/projects/${project.id}/alerts`)
    await page.getByTestId('empty').getByText('No rules yet').waitFor()
    await page.getByTestId('empty').getByRole('link', { name: 'New rule' }).click()
    await page.waitForURL(/\/alerts\/rules\/new/)
    const rules = async () => (await project.api(`projects/${project.id}/alert-rules`)).data

    await page.getByLabel('Name', { exact: true }).fill('checkout is burning')
    await page.getByLabel('Events, at least').fill('3')
    await page.getByRole('textbox', { name: 'Filter' }).fill('level:error (region:eu-1')
    await page.getByRole('button', { name: 'Add webhook' }).click()
    await page.getByLabel('URL').fill(`http://127.0.0.1:${receiver.address().port}/hook`)
    await page.getByRole('button', { name: 'Make rule' }).click()
    await page.getByText('Filter, character 13:').waitFor()
    assert((await page.getByTestId('filter-mistake').locator('mark').innerText()) === '(', 'the place is marked')
    assert((await rules()).length === 0, 'nothing was made')
    await accessible(page)

    await page.getByRole('textbox', { name: 'Filter' }).fill('level:error')
    await page.locator('[data-days="7"]').click()
    await page.getByTestId('rule-preview').getByText('Would have fired once in the last 7 days').waitFor()
    await page.getByTestId('rule-preview').getByText('3 events (threshold 3)').waitFor()
    await accessible(page)
    await page.getByRole('button', { name: 'Make rule' }).click()
    const row = page.getByTestId('rules').getByRole('listitem').filter({ hasText: 'checkout is burning' })
    await row.getByText('When at least 3 events come within 1 minute, counting only what matches level:error').waitFor()
    assert((await rules())[0].condition.threshold === 3, 'it is made')

    await row.getByTestId('send-test').click()
    await page.waitForURL(/deliveries=\d+/)
    await row.locator('[data-delivery="failed"]').getByText('private').first().waitFor()
    assert(arrived === 0, 'nothing was sent into the private network')
    await accessible(page)

    await row.getByRole('switch').click()
    await eventually('it is off', async () => (await rules())[0].enabled === false)
    await row.getByText('off', { exact: true }).waitFor()
    await row.getByRole('button', { name: 'Delete checkout is burning' }).click()
    await page.getByTestId('confirm').click()
    await page.getByTestId('empty').getByText('No rules yet').waitFor()
    assert((await rules()).length === 0, 'it is gone')
  } finally {
    receiver.close()
  }
}

export async function test_UI_06_what_fired_is_listed_acknowledged_and_resolved({ project, open }) {
  const page = await open()
  await signIn(page, project)
  await page.goto(`/projects/${project.id}/alerts/history`)
  await page.getByTestId('empty').getByText('Nothing has fired').waitFor()
  const answer = await fetch(`${project.base}/api/v1/projects/${project.id}/alert-rules`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${project.token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'something new', severity: 'critical', condition: { type: 'new_issue' } }),
  })
  assert(answer.status === 201, 'the rule was not made', answer.status)
  const alerts = async () => (await project.api(`projects/${project.id}/alerts`)).data
  await eventually('it fires', async () => {
    // A new rule is in force within a second: issues are new until one of them is met.
    const type = `Odd${Math.random()
      .toString(36)
      .replace(/[^a-z]/g, '')}`
    await project.send(pythonError({ exception: { values: [{ type, value: 'of the test' }] } }))
    return (await alerts()).length > 0
  })
  await page.reload()
  const id = (await alerts()).at(-1).id
  const row = page.locator(`[data-alert="${id}"]`)
  await row.getByText('A new issue').waitFor()
  await row.getByRole('button', { name: 'Acknowledge' }).click()
  await page.locator(`[data-alert="${id}"][data-status="acknowledged"]`).waitFor()
  await row.getByRole('link', { name: 'something new' }).click()
  await page.waitForURL(new RegExp(`/alerts/${id}$`))
  await page.getByTestId('deliveries').getByText('Nothing was sent of this alert').waitFor()
  await row.getByRole('button', { name: 'Resolve' }).click()
  await page.locator(`[data-alert="${id}"][data-status="resolved"]`).waitFor()
  await eventually('the server knows', async () => (await project.api(`alerts/${id}`)).status === 'resolved')
  await accessible(page)
}
