// What the error catalogue says of each code.

export interface CatalogueEntry {
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
  readonly retryable: boolean;
}
