/** What the cursor of the query box stands in: the piece that a completion replaces. */
export interface Piece {
  start: number
  end: number
  /** The sign before it: "-" or "!", or nothing. */
  not: string
  /** The key when the cursor is in its value. */
  key?: string
  /** What is typed so far of key or value. */
  typed: string
}

export const QUERY_KEYS: { key: string; hint: string; values?: string[]; for?: 'issues' }[] = [
  {
    key: 'is',
    hint: 'state of the issue',
    values: [
      'unresolved',
      'resolved',
      'archived',
      'new',
      'ongoing',
      'regressed',
      'escalating',
      'assigned',
      'unassigned',
    ],
  },
  { key: 'assigned', hint: 'to whom', values: ['me', 'none'] },
  { key: 'level', hint: 'how bad', values: ['fatal', 'error', 'warning', 'info', 'debug', '>=warning', '>=error'] },
  { key: 'environment', hint: 'where it ran' },
  { key: 'release', hint: 'version that ran, 2.* for all of 2' },
  {
    key: 'platform',
    hint: 'language of the application',
    values: ['python', 'javascript', 'node', 'java', 'go', 'php', 'ruby', 'csharp', 'native'],
  },
  { key: 'first_seen', hint: 'when it was first met', values: ['-1h', '-24h', '-7d', '+30d'] },
  { key: 'last_seen', hint: 'when it was last met', values: ['-1h', '-24h', '-7d', '+7d'] },
  { key: 'events', hint: 'how many', values: ['>10', '>100', '>1k'] },
  { key: 'users', hint: 'how many met it', values: ['>1', '>10', '>100'] },
  { key: 'type', hint: 'of the exception' },
  { key: 'message', hint: 'words in title or message' },
  { key: 'culprit', hint: 'words in the line below the title' },
  { key: 'stack.function', hint: 'words in a function’s name' },
  { key: 'stack.module', hint: 'words in a module’s name' },
  { key: 'stack.file', hint: 'words in a file’s name' },
  { key: 'user.id', hint: 'that this user met' },
  { key: 'user.email', hint: 'that this user met' },
  { key: 'has', hint: 'has a user, release or tag', values: ['user', 'environment', 'release'] },
]

/** The piece around the cursor; quotation marks keep blanks inside. */
export function pieceAt(text: string, cursor: number): Piece {
  let start = 0
  let quoted = false
  for (let i = 0; i < cursor; ++i) {
    if (text[i] === '"' && text[i - 1] !== '\\') quoted = !quoted
    else if (!quoted && /[\s()]/.test(text[i]!)) start = i + 1
  }
  let end = cursor
  while (end < text.length && (quoted ? text[end] !== '"' : !/[\s()]/.test(text[end]!))) ++end
  if (quoted && text[end] === '"') ++end
  const raw = text.slice(start, cursor)
  const not = /^[-!]/.test(raw) ? raw[0]! : ''
  const rest = raw.slice(not.length)
  const colon = rest.indexOf(':')
  if (colon < 0 || rest.startsWith('"')) return { start, end, not, typed: rest }
  return { start, end, not, key: rest.slice(0, colon), typed: rest.slice(colon + 1).replace(/^"/, '') }
}

/** A value as the language wants it. */
export function quoted(value: string): string {
  return value === '' || /[\s"()[\]:,*\\]/.test(value) ? `"${value.replace(/(["\\*])/g, '\\$1')}"` : value
}

/** `key:value` for a tag, also one whose name is unusual or called like a term. */
export function tagTerm(key: string, value: string): string {
  const plain =
    /^[A-Za-z][\w.-]*$/.test(key) &&
    !QUERY_KEYS.some((one) => one.key === key && !['environment', 'release'].includes(key))
  return `${plain ? key : `tags[${key}]`}:${quoted(value)}`
}

/** The text with the piece replaced, and where the cursor then is. A key is left open for its value. */
export function complete(
  text: string,
  piece: Piece,
  chosen: { key?: string; value?: string },
): { text: string; cursor: number } {
  const term =
    chosen.value === undefined
      ? `${piece.not}${chosen.key}:`
      : `${piece.not}${chosen.key}:${/^[<>=+-]/.test(chosen.value) ? chosen.value : quoted(chosen.value)} `
  const after = text.slice(piece.end).replace(/^ /, chosen.value === undefined ? ' ' : '')
  return { text: text.slice(0, piece.start) + term + after, cursor: piece.start + term.length }
}

/** Terms joined by blanks; what is there already is not said twice. */
export function withTerm(query: string, term: string): string {
  return ` ${query} `.includes(` ${term} `) ? query : `${query} ${term}`.trim()
}
