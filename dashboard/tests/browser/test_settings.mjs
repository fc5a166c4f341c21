import { accessibleInBothThemes } from './accessible.mjs'
import { assert, eventually, signIn } from './harness.mjs'

/** The organisation that the project belongs to. */
async function organization(project) {
  return (await project.api(`projects/${project.id}`)).organization_id
}

/** Another member, who has accepted an invitation; signed in on a page of their own. */
async function invited(project, open, role) {
  const org = await organization(project)
  const answer = await fetch(`${project.base}/api/v1/orgs/${org}/invitations`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${project.token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: `second-${project.email}`, role }),
  })
  const { secret } = await answer.json()
  const body = JSON.stringify({ name: 'Second', password: 'a good password' })
  const joined = await fetch(`${project.base}/api/v1/invitations/${secret}`, { method: 'POST', body })
  assert(joined.status === 201, 'the invitation was not accepted', joined.status)
  const page = await open()
  await signIn(page, { email: `second-${project.email}`, password: 'a good password' })
  return page
}

export async function test_UI_07_forms_show_the_servers_complaint_at_the_field_and_save({ project, open }) {
  const page = await open()
  await signIn(page, project)
  await page.goto(`/projects/${project.id}/settings/general`)
  const slug = page.getByLabel('Short name')
  await slug.fill('Not A Slug')
  await page.getByRole('button', { name: 'Save' }).click()
  await eventually('the complaint is at the field', () => slug.getAttribute('aria-invalid').then((on) => on === 'true'))
  await page.getByLabel('Name', { exact: true }).fill('Another name')
  await slug.fill('another-name')
  await page.getByRole('button', { name: 'Save' }).click()
  await eventually('it is saved', async () => (await project.api(`projects/${project.id}`)).slug === 'another-name')
  assert((await slug.getAttribute('aria-invalid')) !== 'true', 'the complaint is gone')

  await page.goto(`/projects/${project.id}/settings/filters`)
  await page.getByLabel('Web crawlers').click()
  await page.getByLabel('Messages').fill('*ResizeObserver*\n\n  lost *  ')
  await page.getByRole('button', { name: 'Save' }).click()
  const filters = async () => (await project.api(`projects/${project.id}`)).settings.filters
  await eventually('filters are saved', async () => (await filters()).web_crawlers)
  assert((await filters()).messages.join('|') === '*ResizeObserver*|lost *', 'one a line', await filters())
  await accessibleInBothThemes(page)
}

export async function test_UI_07_keys_are_made_limited_rotated_switched_off_and_revoked({ project, open }) {
  const page = await open()
  await signIn(page, project)
  await page.goto(`/projects/${project.id}/settings/keys`)
  const keys = page.getByTestId('keys').getByRole('listitem')
  await keys.first().waitFor()
  await page.getByLabel('Name').fill('mobile')
  await page.getByLabel('Events a minute').fill('600')
  await page.getByRole('button', { name: 'Make key' }).click()
  const mobile = keys.filter({ hasText: 'mobile' })
  await mobile.getByText('at most 600 a minute').waitFor()
  const dsn = await mobile.locator('code').innerText()
  await mobile.getByRole('button', { name: 'Rotate mobile' }).click()
  await page.getByTestId('confirm').click()
  await eventually('it has another secret', async () => (await mobile.locator('code').innerText()) !== dsn)
  await mobile.getByRole('switch').click()
  await mobile.getByText('off', { exact: true }).waitFor()
  await mobile.getByRole('button', { name: 'Revoke mobile' }).click()
  await page.getByTestId('confirm').click()
  await mobile.waitFor({ state: 'detached' })
  await accessibleInBothThemes(page)
}

export async function test_UI_07_a_tokens_secret_is_shown_once_and_works_until_it_is_revoked({ project, open }) {
  const page = await open()
  await signIn(page, project)
  await page.goto('/account/tokens')
  await page.getByLabel('Name').fill('deploy')
  await page.getByRole('button', { name: 'Make token' }).click()
  const secret = await page.getByTestId('secret').locator('code').innerText()
  const me = () => fetch(`${project.base}/api/v1/me`, { headers: { Authorization: `Bearer ${secret}` } })
  assert((await me()).status === 200, 'the token works')
  await page.getByRole('button', { name: 'I have it' }).click()
  await page.reload()
  const mine = page.getByTestId('tokens').getByRole('listitem').filter({ hasText: 'deploy' })
  await mine.waitFor()
  assert((await page.content()).includes(secret) === false, 'the secret is nowhere any more')
  await accessibleInBothThemes(page)
  await mine.getByRole('button', { name: 'Revoke' }).click()
  await page.getByTestId('confirm').click()
  await mine.waitFor({ state: 'detached' })
  assert((await me()).status === 401, 'and is worth nothing')
}

export async function test_UI_07_people_are_invited_get_roles_and_teams_and_it_is_all_in_the_audit_log({
  project,
  open,
}) {
  const org = await organization(project)
  const page = await open()
  await signIn(page, project)
  await page.goto(`/orgs/${org}/settings/members`)
  await page.getByLabel('E-mail').fill('new@example.com')
  await page.getByRole('button', { name: 'Make link' }).click()
  const link = await page.getByTestId('secret').locator('code').innerText()
  assert(link.startsWith(`${project.base}/invitations/`), 'a link to pass on', link)
  await page.getByTestId('invitations').getByText('new@example.com').waitFor()
  await accessibleInBothThemes(page)

  await invited(project, open, 'member')
  await page.reload()
  await page.getByRole('combobox', { name: `Role of second-${project.email}` }).click()
  await page.getByRole('option', { name: 'admin' }).click()
  await eventually('the role is changed', async () => {
    const { data } = await project.api(`orgs/${org}/members`)
    return data.find((one) => one.email === `second-${project.email}`)?.role === 'admin'
  })

  await page.goto(`/orgs/${org}/settings/teams`)
  await page.getByLabel('Name').fill('Payments')
  await page.getByRole('button', { name: 'Make team' }).click()
  const team = page.getByTestId('teams').getByRole('listitem').filter({ hasText: '#payments' }).first()
  await team
    .getByRole('button', { name: /Payments/ })
    .first()
    .click()
  await page.getByRole('button', { name: 'Add member' }).click()
  await page.getByRole('menuitem', { name: 'Second' }).click()
  await team.getByText('1 member').waitFor()
  await accessibleInBothThemes(page)

  await page.goto(`/orgs/${org}/settings/audit`)
  const log = page.getByTestId('audit')
  for (const said of [/put somebody into team/, /made team/, /changed member/, /made an invitation/]) {
    await log.getByText(said).first().waitFor()
  }
  await accessibleInBothThemes(page)
}

export async function test_UI_07_a_member_sees_no_buttons_for_what_the_server_would_refuse({ project, open }) {
  const org = await organization(project)
  const page = await invited(project, open, 'member')
  for (const [path, shown, missing] of [
    [`/projects/${project.id}/settings/general`, 'Admins and owners', ['Save', 'Delete project']],
    [`/projects/${project.id}/settings/keys`, 'Copy DSN', ['Make key', 'Rotate default', 'Revoke default']],
    [`/projects/${project.id}/settings/ownership`, 'Ownership rules', ['Save']],
    [`/orgs/${org}/settings/general`, 'Leave', ['Save', 'Delete organisation', 'Make organisation']],
    [`/orgs/${org}/settings/members`, '(you)', ['Make link']],
  ]) {
    await page.goto(path)
    await page.getByText(shown).first().waitFor()
    for (const name of missing)
      assert((await page.getByRole('button', { name }).count()) === 0, `${path} offers ${name}`)
  }
  assert((await page.getByRole('link', { name: 'Audit log' }).count()) === 0, 'no audit log')
  assert((await page.getByRole('link', { name: 'Graph' }).count()) === 0, 'no graph')
  const refused = await page.evaluate(
    async (id) => (await fetch(`/api/v1/projects/${id}`, { method: 'DELETE' })).status,
    project.id,
  )
  assert(refused === 403, 'and the server refuses anyhow', refused)
}

export async function test_UI_07_rules_show_their_mistakes_at_their_place_and_what_they_would_do({ project, open }) {
  const frames = (name) => ({
    stacktrace: { frames: [{ function: name, filename: `${name}.py`, in_app: true, lineno: 1 }] },
  })
  const failure = (type, name) => ({
    platform: 'python',
    exception: { values: [{ type, value: 'no', ...frames(name) }] },
  })
  await project.store(failure('DatabaseError', 'read'), failure('DatabaseError', 'write'), failure('KeyError', 'find'))
  const page = await open()
  await signIn(page, project)
  await page.goto(`/projects/${project.id}/settings/grouping`)
  const rules = page.getByLabel('Fingerprint rules', { exact: true })
  await rules.fill('type:DatabaseError -> database-down\ntpye:X -> y')
  await page.getByTestId('preview').click()
  await page.getByTestId('mistakes').getByText('2:1').waitFor()
  await accessibleInBothThemes(page)
  await rules.fill('type:DatabaseError -> database-down')
  await page.getByTestId('preview').click()
  const preview = page.getByTestId('rules-preview')
  await preview.getByText('2 issues would become 1').waitFor()
  await accessibleInBothThemes(page)
  await page.getByRole('button', { name: 'Save' }).click()
  const saved = async () => (await project.api(`projects/${project.id}`)).settings.fingerprint_rules
  await eventually('the rules are saved', async () => (await saved()).startsWith('type:DatabaseError'))

  await page.goto(`/projects/${project.id}/settings/ownership`)
  await page.getByLabel('Ownership rules', { exact: true }).fill('path:src/* #nobody')
  await page.getByRole('button', { name: 'Save' }).click()
  await page
    .getByTestId('mistakes')
    .getByText(/no team/)
    .waitFor()
}
