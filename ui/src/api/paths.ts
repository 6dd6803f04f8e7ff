// Where the API's resources are: paths with their names in place. What is asked of them stands in the files beside this one.

export const tenantPath = (tenant: string, rest = ''): string => `/v1/tenants/${encodeURIComponent(tenant)}${rest}`

export const functionPath = (tenant: string, name: string, rest = ''): string => tenantPath(tenant, `/functions/${encodeURIComponent(name)}${rest}`)
