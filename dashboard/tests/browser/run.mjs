// Runs one browser test:   run.mjs --program build/mesher --state SHARED.json test_issues test_UI_03_…
import { resolve } from 'node:path'
import { mkdirSync } from 'node:fs'
import { launch, Project, readServer, visit } from './harness.mjs'

const words = process.argv.slice(2)
const option = (name) => words.splice(words.indexOf(name), 2)[1]
const program = resolve(option('--program'))
const server = readServer(option('--state'))
const [module, name] = words
const test = (await import(`./${module}.mjs`))[name]
const project = new Project(server, program)
const browser = await launch()
const pages = []
try {
  const open = async (options) => {
    pages.push(await visit(browser, project, options))
    return pages[pages.length - 1]
  }
  await test({ browser, project, open, server, program })
  for (const page of pages)
    if (page.problems.length) throw new Error(`the page has problems: ${page.problems.join('; ')}`)
  console.log('ok')
} catch (failure) {
  const shots = new URL('./shots/', import.meta.url).pathname
  mkdirSync(shots, { recursive: true })
  for (const [i, page] of pages.entries()) {
    await page.screenshot({ path: `${shots}${name}-${i}.png` }).catch(() => undefined)
    console.log(`page ${i}: ${page.url()}; problems: ${page.problems.join('; ') || 'none'}`)
  }
  console.error(failure)
  process.exitCode = 1
} finally {
  await browser.close()
}
