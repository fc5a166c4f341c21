/** What is read from an event's payload as it was sent: nothing in it is sure to be there or to be of the kind it should. */
export type Json = Record<string, unknown>

export function objectOf(value: unknown): Json | undefined {
  return value && typeof value === 'object' && !Array.isArray(value) ? (value as Json) : undefined
}

export function text(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

export interface Crumb {
  time?: string
  category: string
  level: string
  kind: string
  message: string
  data?: Json
}

/** A breadcrumb's time is seconds or a text. */
function timeOf(value: unknown): string | undefined {
  const date =
    typeof value === 'number' ? new Date(value * 1000) : typeof value === 'string' ? new Date(value) : undefined
  return date && !Number.isNaN(date.getTime()) ? date.toISOString() : undefined
}

export function crumbsOf(breadcrumbs: unknown[]): Crumb[] {
  return breadcrumbs.filter(objectOf).map((one) => {
    const crumb = one as Json
    const data = objectOf(crumb.data)
    const request =
      data && (data.method || data.url)
        ? [data.method, data.url, data.status_code].map(text).filter(Boolean).join(' ')
        : ''
    return {
      time: timeOf(crumb.timestamp),
      category: text(crumb.category) || text(crumb.type) || 'default',
      level: text(crumb.level) || 'info',
      kind: text(crumb.type),
      message: text(crumb.message) || request,
      data,
    }
  })
}

/** Contexts with their values as rows; what is empty is left out. */
export function contextsOf(payload: Json): { name: string; rows: [string, string][] }[] {
  const groups: [string, unknown][] = Object.entries(objectOf(payload.contexts) ?? {})
  if (objectOf(payload.extra)) groups.push(['extra', payload.extra])
  if (objectOf(payload.modules)) groups.push(['modules', payload.modules])
  return groups
    .map(([name, value]) => ({
      name,
      rows: Object.entries(objectOf(value) ?? {})
        .filter(([key, one]) => key !== 'type' && one !== null && one !== '')
        .map(([key, one]): [string, string] => [key, text(one)]),
    }))
    .filter((group) => group.rows.length > 0)
}

/** "Firefox 132.0" of a context. */
export function nameAndVersion(context: unknown): string {
  const found = objectOf(context)
  return found ? [found.name, found.version].map(text).filter(Boolean).join(' ') : ''
}
