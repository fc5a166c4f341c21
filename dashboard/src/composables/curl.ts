export interface RequestData {
  url?: unknown
  method?: unknown
  query_string?: unknown
  headers?: unknown
  data?: unknown
  cookies?: unknown
}

/** `[["a","b"]]`, `{"a":"b"}` or "a=b&c=d" as pairs of texts. */
export function pairsOf(value: unknown): [string, string][] {
  if (Array.isArray(value)) {
    return value.filter(Array.isArray).map((pair) => [textOfValue(pair[0]), textOfValue(pair[1])])
  }
  if (value && typeof value === 'object') return Object.entries(value).map(([key, one]) => [key, textOfValue(one)])
  if (typeof value === 'string' && value) return [...new URLSearchParams(value.replace(/^\?/, ''))]
  return []
}

export function textOfValue(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** For a POSIX shell: nothing in it is anything but itself. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** The request as a line for a terminal. Line breaks in names of headers can't be said and are left out. */
export function curlOf(request: RequestData): string {
  let url = textOfValue(request.url)
  const query = pairsOf(request.query_string)
  if (query.length && !url.includes('?')) url += `?${new URLSearchParams(query)}`
  const method = textOfValue(request.method).toUpperCase() || 'GET'
  const parts = ['curl']
  if (method !== 'GET') parts.push(`-X ${shellQuoted(method)}`)
  parts.push(shellQuoted(url))
  for (const [name, value] of pairsOf(request.headers)) {
    if (/^(content-length|host)$/i.test(name)) continue
    parts.push(`-H ${shellQuoted(`${name}: ${value}`.replace(/[\r\n]+/g, ' '))}`)
  }
  if (request.data !== undefined && request.data !== null && request.data !== '') {
    parts.push(`--data-raw ${shellQuoted(textOfValue(request.data))}`)
  }
  return parts.join(' \\\n  ')
}
