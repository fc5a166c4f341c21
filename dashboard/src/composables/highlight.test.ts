import { describe, expect, it } from 'vitest'
import { highlight, languageOf } from './highlight'

describe('colours of source', () => {
  it('know the language by the file, and else by the platform', () => {
    expect(languageOf('app/cart.py', 'javascript')).toBe('python')
    expect(languageOf('https://shop.example.com/app.TS?v=3', null)).toBe('typescript')
    expect(languageOf('<anonymous>', 'node')).toBe('javascript')
    expect(languageOf('cart.unknown', 'ruby')).toBe('ruby')
    expect(languageOf('cart', 'constructor')).toBeUndefined()
    expect(languageOf('', undefined)).toBeUndefined()
  })
  it('keep every letter and every line, also of what spans lines', async () => {
    const lines = ['def f(x):', '    """two', '    lines"""', '', '    return f"<b>{x}</b>" + 1  # why']
    const pieces = await highlight(lines, 'python')
    expect(pieces?.map((line) => line.map((one) => one.text).join(''))).toEqual(lines)
    expect(pieces![0]![0]).toEqual({ text: 'def', kind: 'keyword' })
    expect(pieces![2]!.every((one) => one.kind === 'string')).toBe(true)
    expect(pieces![4]!.at(-1)).toEqual({ text: '# why', kind: 'comment' })
  })
  it('leave alone what is minified, or of no known language', async () => {
    expect(await highlight(['x'.repeat(1001)], 'javascript')).toBeUndefined()
    expect(await highlight(Array<string>(300).fill('y = 1;'.repeat(20)), 'javascript')).toBeUndefined()
    expect(await highlight(['x = 1'], undefined)).toBeUndefined()
  })
})
