import { describe, expect, it } from 'vitest'
import { curlOf, pairsOf, shellQuoted } from './curl'
import { contextsOf, crumbsOf } from './payload'
import { complete, pieceAt, tagTerm, withTerm } from './queryText'
import { chainText, groupFrames, markdownOf } from './stackText'
import { rangeOf, rangeText } from './timeRange'
import { relativeTime, shortCount } from './time'

describe('the query box', () => {
  it('finds the piece that the cursor stands in', () => {
    expect(pieceAt('is:unresolved lev', 17)).toEqual({ start: 14, end: 17, not: '', typed: 'lev' })
    expect(pieceAt('-release:2.', 11)).toMatchObject({ start: 0, not: '-', key: 'release', typed: '2.' })
    expect(pieceAt('a region:"us we" b', 15)).toMatchObject({ start: 2, end: 16, key: 'region', typed: 'us we' })
    expect(pieceAt('(level:e', 8)).toMatchObject({ start: 1, key: 'level', typed: 'e' })
  })
  it('replaces it by a key, left open, or by a value', () => {
    expect(complete('is:new lev x', pieceAt('is:new lev x', 10), { key: 'level' })).toEqual({
      text: 'is:new level: x',
      cursor: 13,
    })
    expect(complete('!region:u', pieceAt('!region:u', 9), { key: 'region', value: 'us west' })).toEqual({
      text: '!region:"us west" ',
      cursor: 18,
    })
    expect(complete('events:', pieceAt('events:', 7), { key: 'events', value: '>10' }).text).toBe('events:>10 ')
  })
  it('writes tags so that they mean themselves', () => {
    expect(tagTerm('region', 'eu-1')).toBe('region:eu-1')
    expect(tagTerm('level', 'high')).toBe('tags[level]:high')
    expect(tagTerm('a b', 'say "x" *')).toBe('tags[a b]:"say \\"x\\" \\*"')
    expect(withTerm('a region:eu-1', 'region:eu-1')).toBe('a region:eu-1')
  })
})

describe('a request as curl', () => {
  it('is quoted so that nothing in it is anything but itself', () => {
    expect(shellQuoted("it's $(rm)")).toBe(`'it'\\''s $(rm)'`)
    const line = curlOf({
      url: 'https://x/',
      method: 'post',
      query_string: [['a', 'b c']],
      headers: { 'X-A': 'one\r\ntwo', Host: 'x' },
      data: { a: "'" },
    })
    expect(line).toBe(
      `curl \\\n  -X 'POST' \\\n  'https://x/?a=b+c' \\\n  -H 'X-A: one two' \\\n  --data-raw '{"a":"'\\''"}'`,
    )
  })
  it('takes what SDKs send as pairs, objects or text', () => {
    expect(pairsOf('?a=1&b=')).toEqual([
      ['a', '1'],
      ['b', ''],
    ])
    expect(pairsOf({ a: 1 })).toEqual([['a', '1']])
    expect(pairsOf(7)).toEqual([])
  })
})

describe('a stack', () => {
  const frame = (name: string, in_app: boolean) => ({ function: name, filename: `${name}.py`, lineno: 1, in_app })
  it('is shown newest first with libraries folded', () => {
    const groups = groupFrames([
      frame('main', true),
      frame('a', false),
      frame('b', false),
      frame('work', true),
      frame('raise', false),
    ])
    expect(groups.map((one) => [one.folded, one.frames.map((f) => f.function).join()])).toEqual([
      [false, 'raise,work'],
      [true, 'b,a'],
      [false, 'main'],
    ])
    expect(groupFrames([frame('a', false)])[0]!.folded).toBe(false)
  })
  it('is copied in reading order, as Markdown with a fence that holds', () => {
    const text = chainText([
      { type: 'Cause', value: 'first', frames: [] },
      { type: 'Final', value: null, frames: [frame('f', true)] },
    ] as never)
    expect(text).toBe('Final\n  at f (f.py:1)\n\nCaused by: Cause: first')
    expect(markdownOf('t\nu', 'l', '```')).toContain('## t u\nl\n\n~~~~\n```\n~~~~')
  })
})

describe('payloads', () => {
  it('are read whatever is in them', () => {
    expect(crumbsOf([null, 3, { timestamp: 'x', data: { method: 'GET', url: '/a' } }])).toEqual([
      {
        time: undefined,
        category: 'default',
        level: 'info',
        kind: '',
        message: 'GET /a',
        data: { method: 'GET', url: '/a' },
      },
    ])
    expect(contextsOf({ contexts: { os: { name: 'Linux', type: 'os' }, bad: 3 }, extra: null })).toEqual([
      { name: 'os', rows: [['name', 'Linux']] },
    ])
  })
})

describe('times', () => {
  it('are short and relative', () => {
    const now = Date.parse('2026-01-02T00:00:00Z')
    expect(relativeTime(now - 3000, now)).toBe('now')
    expect(relativeTime(now - 125_000, now)).toBe('2 min ago')
    expect(relativeTime(now + 7200_000, now)).toBe('in 2 h')
    expect(shortCount(9999)).toBe('9,999')
    expect(shortCount(12_345)).toBe('12.3K')
  })
  it('ranges survive the address', () => {
    const text = rangeText(0, 3_600_000)
    expect(rangeOf(text, 0)).toEqual({ from: '1970-01-01T00:00:00.000Z', to: '1970-01-01T01:00:00.000Z' })
    expect(rangeOf('nonsense', 86_400_000).from).toBe('1970-01-01T00:00:00.000Z')
  })
})
