import type { LiveEvent, LiveFilter } from '@/api/live'

/** The latest rows of a stream, at most so many: a ring, so that a row costs the same whether ten or a hundred thousand are held. */
export class Tail<T> {
  private rows: (T | undefined)[]
  private start = 0
  private count = 0

  constructor(private readonly most: number) {
    this.rows = new Array<T | undefined>(most)
  }

  get length(): number {
    return this.count
  }

  push(row: T): void {
    this.rows[(this.start + this.count) % this.most] = row
    if (this.count < this.most) ++this.count
    else this.start = (this.start + 1) % this.most
  }

  /** 0 is the newest. */
  at(index: number): T | undefined {
    return index < 0 || index >= this.count ? undefined : this.rows[(this.start + this.count - 1 - index) % this.most]
  }

  clear(): void {
    this.rows = new Array<T | undefined>(this.most)
    this.start = this.count = 0
  }
}

/**
 * What of the search language the live stream understands: level, environment and tags, joined by AND. `words` are looked
 * for here, in what arrives; `unknown` are the terms that neither can do.
 */
export function liveFilterOf(query: string): { filter: LiveFilter; words: string[]; unknown: string[] } {
  const filter: LiveFilter = {}
  const tags: Record<string, string> = {}
  const words: string[] = []
  const unknown: string[] = []
  for (const [term] of query.matchAll(/(?:[^\s"]|"(?:\\.|[^"\\])*")+/g)) {
    const parts = /^(?:tags\[([^\]]+)\]|([A-Za-z][\w.-]*)):(.*)$/s.exec(term)
    const key = parts?.[1] ?? parts?.[2]
    const raw = parts?.[3] ?? ''
    const named = parts?.[1] !== undefined // tags[level]: the tag that is called so
    if (/^[-!(]|^(OR|AND|NOT)$/.test(term) || term.endsWith(')')) unknown.push(term)
    else if (key === undefined) words.push(term.replace(/^"|"$/g, '').toLowerCase())
    else {
      const value = raw.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1')
      const several = raw
        .replace(/^\[|\]$/g, '')
        .split(',')
        .map((one) => one.trim())
      if (/[*<>]/.test(raw) || (/^\[/.test(raw) && key !== 'level')) unknown.push(term)
      else if (named) tags[key] = value
      else if (key === 'level') filter.level = several
      else if (key === 'environment') filter.environment = [value]
      else if (
        /^(is|assigned|release|platform|first_seen|last_seen|events|users|type|message|culprit|has|any\.tag|stack\..*|user\..*)$/.test(
          key,
        )
      )
        unknown.push(term)
      else tags[key] = value
    }
  }
  if (Object.keys(tags).length) filter.tags = tags
  return { filter, words, unknown }
}

export function hasWords(event: LiveEvent, words: string[]): boolean {
  if (!words.length) return true
  const text = `${event.title} ${event.message} ${event.culprit}`.toLowerCase()
  return words.every((word) => text.includes(word))
}
