// Pictures of every screen, light and dark, from a running server:
//   MESHER_URL=… EMAIL=… PASSWORD=… dashboard/build --run npm run shots -- [OUT] [NAME…]
import { mkdirSync } from 'node:fs'
import { AxeBuilder } from '@axe-core/playwright'
import { launch, signIn, visit } from './harness.mjs'

const base = process.env.MESHER_URL
const [out = new URL('./shots/', import.meta.url).pathname, ...only] = process.argv.slice(2)
mkdirSync(out, { recursive: true })
const browser = await launch()
let bad = 0
for (const colorScheme of ['light', 'dark']) {
  const page = await visit(
    browser,
    { base },
    { colorScheme, viewport: { width: Number(process.env.WIDTH ?? 1360), height: 860 } },
  )
  await page.goto('/sign-in')
  const shoot = async (name, path, ready) => {
    if (only.length && !only.includes(name)) return
    if (path) await page.goto(path)
    if (ready) await page.locator(ready).first().waitFor({ state: 'attached' })
    await page.waitForLoadState('networkidle').catch(() => undefined)
    await page.screenshot({ path: `${out}/${name}-${colorScheme}.png` })
    const found = (await new AxeBuilder({ page }).analyze()).violations
    for (const one of found) {
      ++bad
      console.log(`${name} ${colorScheme}: ${one.id}: ${one.help}`)
      for (const node of one.nodes.slice(0, 3))
        console.log(
          `    ${node.html.slice(0, 160)}\n    ${node.any
            .map((why) => why.message)
            .join('; ')
            .slice(0, 200)}`,
        )
    }
  }
  await shoot('sign-in', undefined, 'form')
  await signIn(page, { base, email: process.env.EMAIL, password: process.env.PASSWORD })
  const project = /projects\/(\d+)/.exec(page.url())[1]
  await page.locator('[data-issue]').first().waitFor()
  const issue = process.env.ISSUE ?? (await page.locator('[data-issue]').first().getAttribute('data-issue'))
  await shoot('issues', `/projects/${project}/issues`, '[data-issue]')
  await shoot('issue', `/projects/${project}/issues/${issue}`, '[data-testid="event-body"]')
  await shoot('issue-activity', `/projects/${project}/issues/${issue}?tab=activity`, '[data-testid="activity"]')
  await shoot('issue-grouping', `/projects/${project}/issues/${issue}?tab=grouping`, 'pre')
  await shoot('overview', `/projects/${project}/overview`, '[data-testid="level-chart"] canvas')
  await shoot('events', `/projects/${project}/events`, '[data-event]')
  await shoot('live', `/projects/${project}/events?mode=live`, '[data-testid="tail"]')
  await shoot('welcome', `/projects/${project}/welcome`, '[data-testid="snippet"]')
  await shoot('organization', `/orgs/1/overview`, 'h1')
  for (const one of (process.env.MORE ?? '').split(' ').filter(Boolean))
    await shoot(one.replaceAll('/', '_'), one, 'h1')
  for (const problem of page.problems) console.log(`problem ${colorScheme}: ${problem}`)
  await page.context().close()
}
await browser.close()
console.log(bad ? `${bad} violations` : 'axe: no violation')
