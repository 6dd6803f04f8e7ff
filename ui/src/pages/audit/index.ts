// What the console's page list loads for the audit: its one entry.
export { default } from './AuditPage'
