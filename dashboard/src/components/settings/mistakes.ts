import { ApiError } from '@/api/client'
import type { Mistake } from './TextEditor.vue'

/** All mistakes that the server found in a text, with their places; nothing if that is not what it complains of. */
export function mistakesOf(failure: unknown): Mistake[] | undefined {
  if (!(failure instanceof ApiError)) return undefined
  const list = (failure.body as { error?: { diagnostics?: Mistake[] } } | undefined)?.error?.diagnostics
  return list?.length ? list : undefined
}
