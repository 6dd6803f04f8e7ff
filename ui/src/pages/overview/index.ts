// What the console's page list loads for the tenants: its one entry.
export { default } from './OverviewPage'
