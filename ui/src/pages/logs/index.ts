// What the console's page list loads for the logs: its one entry.
export { default } from './LogsPage'
