// What the console's page list loads for the keys: its one entry.
export { default } from './KeysPage'
