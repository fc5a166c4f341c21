import createClient from 'openapi-fetch'
import type { paths } from './schema'
import type { LoosePaths } from './loose'

/** What the server answered instead of what was asked for; `field` and `position` say where the mistake is. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field?: string,
    readonly position?: number,
    readonly retryAfter?: number,
    readonly body?: unknown,
  ) {
    super(message)
    this.name = 'ApiError'
  }
}

let csrfToken = ''
let onSignedOut: () => void = () => undefined

/** The session's token, which every change must carry. */
export function setCsrfToken(token: string): void {
  csrfToken = token
}

/** Called when the server says that nobody is signed in. */
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback
}

/** Typed by schema/openapi.yaml: paths, parameters and answers. Cookies identify the user. */
export const api = createClient<LoosePaths<paths>>({ baseUrl: location.origin, credentials: 'same-origin' })

api.use({
  onRequest({ request }) {
    if (request.method !== 'GET' && csrfToken) request.headers.set('X-CSRF-Token', csrfToken)
    return request
  },
})

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

function errorOf(answer: Answer<unknown>): ApiError {
  const { response } = answer
  const said = (answer.error as { error?: Record<string, unknown> } | undefined)?.error
  const wait = Number(response.headers.get('Retry-After')) || undefined
  return new ApiError(
    response.status,
    String(said?.code ?? 'unknown'),
    String(said?.message ?? `the server answered ${response.status}`),
    said?.field as string | undefined,
    said?.position as number | undefined,
    wait,
    answer.error,
  )
}

/** The data of an answer; throws ApiError. `ask(api.GET('/api/v1/me'))`. */
export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await call
  } catch (failure) {
    if (failure instanceof DOMException && failure.name === 'AbortError') throw failure
    throw new ApiError(0, 'offline', 'the server can’t be reached')
  }
  if (answer.response.ok) return answer.data as T
  const error = errorOf(answer)
  if (error.status === 401 && error.code === 'unauthenticated') onSignedOut()
  throw error
}

/** What to tell people about a failure. */
export function textOf(failure: unknown): string {
  if (failure instanceof ApiError) {
    const text = failure.message.charAt(0).toUpperCase() + failure.message.slice(1)
    return failure.retryAfter ? `${text} Try again in ${failure.retryAfter} s.` : text
  }
  return failure instanceof Error ? failure.message : String(failure)
}
