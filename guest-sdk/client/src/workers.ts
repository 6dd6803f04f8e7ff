// In place of `cloudflare:workers` in code that takes its loader from the environment there: `env.LOADER`, made of ISOLET_URL,
// ISOLET_KEY and ISOLET_TENANT when it is first used. Only for Node and what has its `process.env`.
import { createLoader, type WorkerLoader } from './loader.js'

let loader: WorkerLoader | undefined

export const env = {
  get LOADER(): WorkerLoader {
    return (loader ??= fromEnvironment())
  },
}

function fromEnvironment(): WorkerLoader {
  const variables = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env ?? {}
  const { ISOLET_URL: url = 'http://127.0.0.1:8787', ISOLET_KEY: key, ISOLET_TENANT: tenant } = variables
  if (!key) throw new TypeError('env.LOADER needs an API key in the variable ISOLET_KEY')
  return createLoader({ url, key, ...(tenant ? { tenant } : {}) })
}
