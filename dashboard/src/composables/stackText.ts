import type { ExceptionItem, Frame } from '@/api/types'

export interface FrameGroup {
  /** Frames of libraries are folded together. */
  folded: boolean
  frames: Frame[]
}

export function placeOf(frame: Frame): string {
  const file = frame.filename || frame.abs_path || frame.module || frame.package || '?'
  return frame.lineno ? `${file}:${frame.lineno}${frame.colno ? `:${frame.colno}` : ''}` : file
}

/** Newest call first, with runs of library frames folded. Without any frame of the application, all are shown. */
export function groupFrames(frames: Frame[]): FrameGroup[] {
  const newest = [...frames].reverse()
  if (!newest.some((frame) => frame.in_app)) return newest.length ? [{ folded: false, frames: newest }] : []
  const groups: FrameGroup[] = []
  newest.forEach((frame, i) => {
    // The newest frame is shown in any case: it is where things broke.
    const folded = !frame.in_app && i > 0
    const last = groups[groups.length - 1]
    if (last?.folded === folded) last.frames.push(frame)
    else groups.push({ folded, frames: [frame] })
  })
  for (const group of groups) if (group.folded && group.frames.length === 1) group.folded = false
  return groups
}

/** In reading order: what was finally raised first, then what caused it. */
export function chainText(exceptions: ExceptionItem[]): string {
  return [...exceptions]
    .reverse()
    .map((one, i) => {
      const head = `${i > 0 ? 'Caused by: ' : ''}${one.type ?? 'Error'}${one.value ? `: ${one.value}` : ''}`
      const lines = [...(one.frames as Frame[])].reverse().map((frame) => {
        const code = frame.context_line ? `\n      ${frame.context_line.trim()}` : ''
        return `  at ${frame.function ?? '?'} (${placeOf(frame)})${code}`
      })
      return [head, ...lines].join('\n')
    })
    .join('\n\n')
}

/** For a ticket or a chat: heading, link, stack as a code block. */
export function markdownOf(title: string, link: string, stack: string): string {
  const fence = stack.includes('```') ? '~~~~' : '```'
  return `## ${title.replace(/\s+/g, ' ')}\n${link}\n\n${fence}\n${stack}\n${fence}\n`
}
