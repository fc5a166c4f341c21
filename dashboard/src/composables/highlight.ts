import type { LanguageFn } from 'highlight.js'
import type { ElementContent, RootContent } from 'hast'

/** A stretch of source of one kind (`keyword`, `string`, …; empty: none). */
export interface Piece {
  text: string
  kind: string
}
type Loader = () => Promise<{ default: LanguageFn }>

// Each comes when somebody opens a frame of that language, and not before.
const LANGUAGES: Record<string, Loader> = {
  c: () => import('highlight.js/lib/languages/c'),
  cpp: () => import('highlight.js/lib/languages/cpp'),
  csharp: () => import('highlight.js/lib/languages/csharp'),
  dart: () => import('highlight.js/lib/languages/dart'),
  elixir: () => import('highlight.js/lib/languages/elixir'),
  go: () => import('highlight.js/lib/languages/go'),
  java: () => import('highlight.js/lib/languages/java'),
  javascript: () => import('highlight.js/lib/languages/javascript'),
  kotlin: () => import('highlight.js/lib/languages/kotlin'),
  objectivec: () => import('highlight.js/lib/languages/objectivec'),
  php: () => import('highlight.js/lib/languages/php'),
  python: () => import('highlight.js/lib/languages/python'),
  ruby: () => import('highlight.js/lib/languages/ruby'),
  rust: () => import('highlight.js/lib/languages/rust'),
  scala: () => import('highlight.js/lib/languages/scala'),
  swift: () => import('highlight.js/lib/languages/swift'),
  typescript: () => import('highlight.js/lib/languages/typescript'),
}
const ENDINGS: Record<string, string> = {
  c: 'c h',
  cpp: 'cc cpp cxx hh hpp',
  csharp: 'cs',
  dart: 'dart',
  elixir: 'ex exs',
  go: 'go',
  java: 'java',
  javascript: 'js jsx mjs cjs vue',
  kotlin: 'kt kts',
  objectivec: 'm mm',
  php: 'php',
  python: 'py pyi',
  ruby: 'rb',
  rust: 'rs',
  scala: 'scala',
  swift: 'swift',
  typescript: 'ts tsx mts cts',
}
const byEnding = new Map(
  Object.entries(ENDINGS).flatMap(([name, endings]) => endings.split(' ').map((one): [string, string] => [one, name])),
)
const PLATFORMS: Record<string, string> = { node: 'javascript', cocoa: 'objectivec', native: 'cpp' }

/** The language of a file, by its name's end; of a file without one, by what the event says it comes from. */
export function languageOf(file: string, platform: string | null | undefined): string | undefined {
  const ending = /\.(\w+)(?:[?#].*)?$/.exec(file)?.[1]?.toLowerCase()
  const name = (ending && byEnding.get(ending)) ?? (platform && (PLATFORMS[platform] ?? platform))
  return name && Object.hasOwn(LANGUAGES, name) ? name : undefined
}

/** Source of this size is minified or generated: colours would help nobody and take long. */
const LONGEST_LINE = 1000
const LONGEST = 20_000

let made: Promise<ReturnType<(typeof import('lowlight'))['createLowlight']>> | undefined
const lowlight = () => (made ??= import('lowlight').then(({ createLowlight }) => createLowlight()))

/** The lines in pieces, or nothing if they are better shown as they are. */
export async function highlight(lines: string[], language: string | undefined): Promise<Piece[][] | undefined> {
  const load = language && LANGUAGES[language]
  const length = lines.reduce((sum, line) => sum + line.length + 1, 0)
  if (!language || !load || length > LONGEST || lines.some((line) => line.length > LONGEST_LINE)) return undefined
  const [engine, grammar] = await Promise.all([lowlight(), load()])
  if (!engine.registered(language)) engine.register(language, grammar.default)
  const result: Piece[][] = [[]]
  const walk = (nodes: (RootContent | ElementContent)[], kind: string) => {
    for (const node of nodes) {
      if (node.type === 'element') walk(node.children, kindOf(node.properties.className) || kind)
      else if (node.type === 'text') {
        node.value.split('\n').forEach((text, i) => {
          if (i > 0) result.push([])
          if (text) result.at(-1)!.push({ text, kind })
        })
      }
    }
  }
  walk(engine.highlight(language, lines.map((line) => line.replaceAll('\n', ' ')).join('\n')).children, '')
  return result.length === lines.length ? result : undefined
}

const KINDS: Record<string, string> = {
  keyword: 'keyword',
  literal: 'keyword',
  'variable language_': 'keyword',
  string: 'string',
  regexp: 'string',
  number: 'number',
  comment: 'comment',
  doctag: 'comment',
  title: 'title',
  type: 'type',
  built_in: 'type',
  class: 'type',
  meta: 'type',
  attr: 'title',
}
function kindOf(names: unknown): string {
  const all = Array.isArray(names) ? names.map((one) => String(one).replace(/^hljs-/, '')) : []
  return KINDS[all.join(' ')] ?? KINDS[all[0] ?? ''] ?? ''
}
