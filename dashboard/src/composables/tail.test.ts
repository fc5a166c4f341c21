import { describe, expect, it } from 'vitest'
import { liveFilterOf, Tail } from './tail'

describe('the tail', () => {
  it('holds the latest rows, newest first', () => {
    const tail = new Tail<number>(3)
    for (let i = 1; i <= 5; ++i) tail.push(i)
    expect([0, 1, 2, 3].map((i) => tail.at(i))).toEqual([5, 4, 3, undefined])
    expect(tail.length).toBe(3)
    tail.clear()
    expect(tail.at(0)).toBeUndefined()
  })
})

describe('filters of the live stream', () => {
  it('take what the server understands, and name the rest', () => {
    expect(
      liveFilterOf('level:error,fatal environment:production region:"us west" timed "out of" is:new -x release:2.*'),
    ).toEqual({
      filter: { level: ['error', 'fatal'], environment: ['production'], tags: { region: 'us west' } },
      words: ['timed', 'out of'],
      unknown: ['is:new', '-x', 'release:2.*'],
    })
    expect(liveFilterOf('tags[level]:high').filter).toEqual({ tags: { level: 'high' } })
    expect(liveFilterOf('')).toEqual({ filter: {}, words: [], unknown: [] })
  })
})
