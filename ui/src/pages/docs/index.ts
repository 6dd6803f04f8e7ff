// What the console's page list loads for the docs: its one entry.
export { default } from './DocsPage'
