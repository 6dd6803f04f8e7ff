// What the console's page list loads for the host's health: its one entry.
export { default } from './SettingsPage'
