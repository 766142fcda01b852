// How pieces of a backup are named, packed and kept from others. A name says what is in the piece, so that equal pieces are kept once, and
// what comes back under a name is checked against it.

export interface ChunkSeal {
  /** Of the key that new pieces are sealed with; null: they are not encrypted. */
  readonly keyId: string | null;
  /** Depends on the key, so that nobody without it learns whether a known text is among the pieces. */
  idOf(bytes: Uint8Array): string;
  seal(id: string, bytes: Uint8Array): Promise<Uint8Array>;
  /** Refuses with BACKUP_KEY when the key of that id is not at hand, with BACKUP_CORRUPT when these are not the bytes of that name. */
  open(keyId: string | null, id: string, sealed: Uint8Array): Promise<Uint8Array>;
  /** Says that whoever has the key has written this text; without a key only that it is whole. */
  mark(keyId: string | null, text: string): string;
}
