import type { components } from './schema'

/** The schema's objects by their names. */
type Schemas = components['schemas']
export type Issue = Schemas['Issue']
export type Edit = Partial<Schemas['Edit']>
export type Until = Partial<Schemas['Until']>
export type Assignee = { user?: number; team?: number } | null
export type Undo = Schemas['Undo']
export type Activity = Schemas['Activity']
export type Comment = Schemas['Comment']
export type EventSummary = Schemas['EventSummary']
export type EventDetail = EventSummary & Schemas['Event']
export type Frame = Partial<Schemas['Frame']>
export type ExceptionItem = NonNullable<Schemas['Event']['exceptions']>[number]
export type Grouping = Schemas['Grouping']
export type Project = Schemas['Project']
export type Organization = Schemas['Organization']
export type Key = Schemas['Key']
export type Member = Schemas['Member']
export type Team = Schemas['Team']
export type Level = Schemas['Level']
export type LevelCounts = Schemas['LevelCounts']
export type Health = Schemas['Health']
export type TagValue = Schemas['TagValue']

export const LEVELS: Level[] = ['fatal', 'error', 'warning', 'info', 'debug']
