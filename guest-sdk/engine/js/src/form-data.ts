// FormData (XMLHttpRequest standard, 5). Its two wire formats are in multipart.ts and url-search-params.ts.

import { Blob, blobBytes, File, isBlob } from "./blob.ts";
import { defineInterface, isObject, makePairIterator, requireArguments, toUSVString } from "./webidl.ts";

export type FormDataValue = string | File;
export type FormDataEntry = [name: string, value: FormDataValue];

export let formDataEntries: (form: FormData) => readonly FormDataEntry[];
export let isFormData: (value: object) => value is FormData;

function makeEntry(name: string, value: unknown, filename: string | undefined, where: string): FormDataEntry {
  const key = toUSVString(name);
  if (!isObject(value) || !isBlob(value)) {
    if (filename !== undefined) throw new TypeError(`${where}: a file name may only be given with a Blob`);
    return [key, toUSVString(value)];
  }
  if (value instanceof File && filename === undefined) return [key, value];
  const options = { type: value.type, lastModified: value instanceof File ? value.lastModified : Date.now() };
  return [key, new File([blobBytes(value)], filename ?? "blob", options)];
}

export class FormData {
  #entries: FormDataEntry[] = [];

  static {
    formDataEntries = (form) => form.#entries;
    isFormData = (value): value is FormData => #entries in value;
  }

  constructor(form?: unknown) {
    if (form !== undefined) throw new TypeError("FormData takes no argument here: there are no HTML forms");
  }

  append(name: string, value: string | Blob, filename?: string): void {
    requireArguments(arguments.length, 2, "FormData.append");
    this.#entries.push(makeEntry(name, value, filename === undefined ? undefined : toUSVString(filename), "FormData.append"));
  }

  set(name: string, value: string | Blob, filename?: string): void {
    requireArguments(arguments.length, 2, "FormData.set");
    const entry = makeEntry(name, value, filename === undefined ? undefined : toUSVString(filename), "FormData.set");
    const at = this.#entries.findIndex((one) => one[0] === entry[0]);
    if (at < 0) {
      this.#entries.push(entry);
      return;
    }
    this.#entries[at] = entry;
    this.#entries = this.#entries.filter((one) => one === entry || one[0] !== entry[0]);
  }

  delete(name: string): void {
    requireArguments(arguments.length, 1, "FormData.delete");
    const key = toUSVString(name);
    this.#entries = this.#entries.filter((one) => one[0] !== key);
  }

  get(name: string): FormDataValue | null {
    requireArguments(arguments.length, 1, "FormData.get");
    const key = toUSVString(name);
    return this.#entries.find((one) => one[0] === key)?.[1] ?? null;
  }

  getAll(name: string): FormDataValue[] {
    requireArguments(arguments.length, 1, "FormData.getAll");
    const key = toUSVString(name);
    return this.#entries.filter((one) => one[0] === key).map((one) => one[1]);
  }

  has(name: string): boolean {
    requireArguments(arguments.length, 1, "FormData.has");
    const key = toUSVString(name);
    return this.#entries.some((one) => one[0] === key);
  }

  forEach(callback: (value: FormDataValue, name: string, form: FormData) => void, thisArg?: unknown): void {
    requireArguments(arguments.length, 1, "FormData.forEach");
    if (typeof callback !== "function") throw new TypeError("FormData.forEach needs a function");
    for (let i = 0; i < this.#entries.length; i++) {
      const [name, value] = this.#entries[i] as FormDataEntry;
      callback.call(thisArg, value, name, this);
    }
  }

  entries(): IterableIterator<FormDataEntry> {
    void this.#entries;
    return iterate(() => this.#entries, (entry) => [entry[0], entry[1]]) as IterableIterator<FormDataEntry>;
  }
  keys(): IterableIterator<string> {
    void this.#entries;
    return iterate(() => this.#entries, (entry) => entry[0]) as IterableIterator<string>;
  }
  values(): IterableIterator<FormDataValue> {
    void this.#entries;
    return iterate(() => this.#entries, (entry) => entry[1]) as IterableIterator<FormDataValue>;
  }
  declare [Symbol.iterator]: () => IterableIterator<FormDataEntry>;
}

const iterate = makePairIterator<FormDataEntry>("FormData Iterator");

Object.defineProperty(FormData.prototype, Symbol.iterator, {
  value: FormData.prototype.entries,
  writable: true,
  configurable: true,
});
defineInterface(FormData, "FormData", 0, { append: 2, set: 2, forEach: 1 });
