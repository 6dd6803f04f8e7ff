// What the console's page list loads for the usage: its one entry.
export { default } from './UsagePage'
