// What the console's page list loads for the playground: its one entry.
export { default } from './PlaygroundPage'
