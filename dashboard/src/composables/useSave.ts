import { reactive, ref } from 'vue'
import { ApiError, textOf } from '@/api/client'

/**
 * A form that is being saved: `busy` while the server works, its complaint at the field that it names, or in `error` if it
 * names none that the form shows. `fields`: names as the server says them; "settings.filters.messages" also takes what is
 * said of "settings.filters.messages.0".
 */
export function useSave(fields: string[] = []) {
  const busy = ref(false)
  const error = ref('')
  const errors = reactive<Record<string, string>>({})

  function clear() {
    error.value = ''
    for (const name of Object.keys(errors)) delete errors[name]
  }

  function refuse(failure: unknown) {
    const text = textOf(failure)
    const said = failure instanceof ApiError ? failure.field : undefined
    const at =
      said && fields.find((name) => said === name || said.startsWith(`${name}.`) || said.startsWith(`${name}[`))
    if (at) errors[at] = text
    else error.value = text
  }

  /** True if it was saved. A second call while one is under way does nothing. */
  async function save(call: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    clear()
    try {
      await call()
      return true
    } catch (failure) {
      refuse(failure)
      return false
    } finally {
      busy.value = false
    }
  }

  return { busy, error, errors, save, clear, refuse }
}
