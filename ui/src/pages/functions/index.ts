// What the console's page list loads for the functions: its one entry.
export { default } from './FunctionsPage'
