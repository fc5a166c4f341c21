// Pictures of every screen, in light and dark, wide and narrow, from a running server; and what axe finds wrong in them:
//   MESHER_URL=… EMAIL=… PASSWORD=… [PROJECT=2] [ISSUE=17] [WIDTHS=1440,390] dashboard/build --run npm run shots -- [OUT] [NAME…]
import { mkdirSync } from 'node:fs'
import { AxeBuilder } from '@axe-core/playwright'
import { launch, signIn, visit } from './harness.mjs'
import { screens } from './screens.mjs'

const base = process.env.MESHER_URL
const [out = new URL('./shots/', import.meta.url).pathname, ...only] = process.argv.slice(2)
mkdirSync(out, { recursive: true })
const browser = await launch()
let bad = 0
const complain = (...words) => {
  ++bad
  console.log(...words)
}
for (const width of (process.env.WIDTHS ?? '1440,390').split(',').map(Number)) {
  for (const colorScheme of ['light', 'dark']) {
    const page = await visit(browser, { base }, { colorScheme, viewport: { width, height: width > 1000 ? 900 : 844 } })
    const shoot = async (name, path, ready) => {
      if (only.length && !only.includes(name)) return
      await page.goto(path)
      await page.locator(ready).first().waitFor({ state: 'attached' })
      await page.waitForLoadState('networkidle', { timeout: 5000 }).catch(() => undefined)
      await page.screenshot({ path: `${out}/${name}-${width}-${colorScheme}.png` })
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      if (wide > 1) complain(`${name} ${width}: wider than the page by ${wide}`)
      for (const one of (await new AxeBuilder({ page }).analyze()).violations)
        complain(
          `${name} ${width} ${colorScheme}: ${one.id}:`,
          ...one.nodes.slice(0, 3).map((node) => node.target.join(' ')),
        )
    }
    await shoot('sign-in', '/sign-in', 'form')
    await signIn(page, { base, email: process.env.EMAIL, password: process.env.PASSWORD })
    const ask = (path) => page.evaluate(async (url) => (await fetch(url)).json(), `/api/v1/${path}`)
    const project = process.env.PROJECT ?? /projects\/(\d+)/.exec(page.url())[1]
    const { organization_id: org } = await ask(`projects/${project}`)
    const issue = process.env.ISSUE ?? (await ask(`projects/${project}/issues?limit=1`)).data[0].id
    for (const screen of screens({ project, org, issue })) await shoot(...screen)
    for (const problem of page.problems) complain(`problem ${width} ${colorScheme}: ${problem}`)
    await page.context().close()
  }
}
await browser.close()
console.log(bad ? `${bad} faults` : 'no fault')
