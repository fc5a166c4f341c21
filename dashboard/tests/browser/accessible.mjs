import { AxeBuilder } from '@axe-core/playwright'
import { assert } from './harness.mjs'

/** The component library's own, around notices: they take the focus only to pass it on. */
const FOCUS_GUARDS = '[role="region"] > span[aria-hidden]'

/** Nothing that axe finds wrong in the page as it is now, in the light theme and in the dark one; at 360 px nothing sticks out. */
export async function accessibleInBothThemes(page) {
  const size = page.viewportSize()
  for (const dark of [false, true]) {
    await page.evaluate((on) => {
      document.documentElement.classList.toggle('dark', on)
      document.documentElement.classList.toggle('light', !on)
      // Colours on their way from one theme to the other are nobody's choice.
      for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish()
    }, dark)
    const { violations } = await new AxeBuilder({ page }).exclude(FOCUS_GUARDS).analyze()
    const found = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`)
    assert(found.length === 0, `axe finds, ${dark ? 'dark' : 'light'}:`, found)
  }
  await page.evaluate(() => document.documentElement.classList.replace('dark', 'light'))
  await page.setViewportSize({ width: 360, height: 800 })
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  assert(wide <= 1, 'wider than a phone by', wide)
  await page.setViewportSize(size)
}
