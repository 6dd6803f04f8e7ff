// The tenant's functions: the list, or one of them by the address. What belongs to one function has a file per tab beside this one.
import type { PageProps } from '../../app/pages'
import { FunctionList } from './FunctionList'
import { FunctionView } from './FunctionView'

export default function FunctionsPage({ tenant, route }: PageProps) {
  const [name, tab] = route.parts
  if (name === undefined) return <FunctionList tenant={tenant} />
  return <FunctionView key={name} tenant={tenant} name={name} tab={tab ?? 'versions'} />
}
