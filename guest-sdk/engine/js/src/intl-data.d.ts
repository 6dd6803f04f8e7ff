// The module that bundling makes of the packages' data (`intl/data.mjs`).

declare module "isolet:intl-data" {
  type Entries = readonly { locale: string; data: object }[];
  /** The text of a table (`intl-tables.ts`). */
  export const currencies: string;
  export const timeZoneName: string;
  export const datetimeformat: Entries;
  export const listformat: Entries;
  export const numberformat: Entries;
  export const pluralrules: Entries;
  export const relativetimeformat: Entries;
}
