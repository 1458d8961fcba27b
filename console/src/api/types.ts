/**
 * The API's records under short names. `schema.ts` is made from the OpenAPI document (`npm run types`).
 * Answers always carry fields that have a default, so those are never undefined here; bodies may leave them out.
 */
import type { components, paths } from './schema'

type Schemas = components['schemas']
export type Paths = paths

export type Filled<T> = T extends (infer U)[]
  ? Filled<U>[]
  : T extends object
    ? { [K in keyof T]-?: Filled<T[K]> }
    : T

/** What a route takes. */
export type Body<Name extends keyof Schemas> = Schemas[Name]
/** What a route answers. */
export type Answer<Name extends keyof Schemas> = Filled<Schemas[Name]>

export type Alert = Answer<'Alert'>
export type AlertState = Schemas['AlertState']
export type Association = Answer<'Association'>
export type Backend = Answer<'Backend'>
export type BackendReading = Answer<'BackendReading'>
export type Channel = Answer<'Channel'>
export type Description = Answer<'Description'>
export type Declared = Answer<'Declared'>
export type HostKey = Answer<'HostKey'>
export type Job = Answer<'Job'>
export type JobItem = Answer<'JobItem'>
export type JobState = Schemas['JobState']
export type JobStep = Answer<'JobStep'>
export type Key = Answer<'Key'>
export type Machine = Answer<'Machine'>
export type MachineAction = Schemas['Action']
export type MachinePage = Answer<'MachinePage'>
export type MachineState = Schemas['MachineState']
export type Me = Answer<'Me'>
export type Metric = Answer<'Metric'>
export type MetricStats = Answer<'MetricStats'>
/** An event of the service; the name leaves `Event` to the DOM. */
export type MistEvent = Answer<'Event'>
export type NewToken = Answer<'NewToken'>
export type Now = Answer<'Now'>
export type OfferedSize = Answer<'OfferedSize'>
export type Plugin = Answer<'Plugin'>
export type Probe = Answer<'Probe'>
export type Role = Schemas['Role']
export type Rule = Answer<'Rule'>
export type RuleAction = Schemas['RuleAction']
export type Scope = Schemas['Scope']
export type Session = Answer<'Session'>
export type Silence = Answer<'Silence'>
export type SizePage = Answer<'SizePage'>
export type Stats = Answer<'Stats'>
export type Token = Answer<'Token'>
export type Trouble = Answer<'Trouble'>
export type User = Answer<'User'>
