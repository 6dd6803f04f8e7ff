// What the package offers: the client, its errors and types. The loader is a module of its own (`isolet-client/loader`).
export { createClient, every } from './client.js'
export type { Client, InvokeOptions, Run, RunEvent, RunRequest, Tenant } from './client.js'
export { ApiError, ConnectionError, IsoletError, StreamError } from './errors.js'
export type { Fault, Problem } from './errors.js'
export { etagOf } from './resources.js'
export type { BodyOf, CallOptions, OperationName, ResultOf } from './resources.js'
export type { ClientOptions } from './transport.js'
export type { components, operations } from './generated/schema.js'
