import { describe, expect, it } from 'vitest'
import { rateText, ratesBetween, type Figures } from './figures'
import { edgesOf, layersOf } from './layers'
import { hunks, lineDiff } from './lineDiff'

const figures = (more: Partial<Figures>): Figures => ({
  health: 'ok',
  batches_in: 0,
  items_in: 0,
  items_out: 0,
  bytes_in: 0,
  errors: 0,
  restarts: 0,
  quarantined: 0,
  drops: {},
  buffer: 16,
  inside: 0,
  waits: 0,
  busy_seconds: 0,
  ...more,
})

describe('rates', () => {
  it('are what happened in between, by the second', () => {
    const rates = ratesBetween(
      figures({ items_in: 100, drops: { filtered: 1 } }),
      figures({ items_in: 300, busy_seconds: 0.5, drops: { filtered: 2, sampled: 3 } }),
      2,
    )
    expect(rates).toMatchObject({ in: 100, dropped: 2, busy: 0.25 })
  })
  it('are nothing for a node that was made anew, or seen once', () => {
    expect(ratesBetween(figures({ items_in: 100 }), figures({ items_in: 5 }), 1).in).toBe(0)
    expect(ratesBetween(undefined, figures({ items_in: 5 }), 1).in).toBe(0)
  })
  it('are short', () => {
    expect([0, 0.44, 12.4, 12_345].map(rateText)).toEqual(['–', '0.4', '12', '12.3k'])
  })
})

describe('layers', () => {
  const nodes = [
    { name: 'parse', inputs: ['journal'] },
    { name: 'route', inputs: ['parse'] },
    { name: 'eu', inputs: ['route.eu'] },
    { name: 'us', inputs: ['route.us'] },
    { name: 'write', inputs: ['eu', 'us', 'route'] },
  ]
  it('put each node below all that feed it', () => {
    expect(layersOf(nodes)).toEqual([['journal'], ['parse'], ['route'], ['eu', 'us'], ['write']])
  })
  it('know by which output a line leaves', () => {
    expect(edgesOf(nodes)).toContainEqual({ from: 'route', to: 'eu', output: 'eu' })
    expect(edgesOf(nodes)).toContainEqual({ from: 'route', to: 'write', output: '' })
  })
})

describe('lineDiff', () => {
  it('shows what is added and what is removed, with a little around', () => {
    const before = 'a\nb\nc\nd\ne\nf\ng'
    const after = 'a\nb\nc\nd\nE\nf\ng\nh'
    const lines = lineDiff(before, after)
    expect(lines.filter((line) => line.kind !== 'same')).toEqual([
      { kind: 'removed', text: 'e' },
      { kind: 'added', text: 'E' },
      { kind: 'added', text: 'h' },
    ])
    expect(hunks(lines, 1).map((line) => line?.text ?? '…')).toEqual(['…', 'd', 'e', 'E', 'f', 'g', 'h'])
    expect(hunks(lineDiff('a', 'a'))).toEqual([null])
  })
})
