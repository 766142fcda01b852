// The values of `H`: spread over schedules by name, and for ever the same for one name. A test pins some of them.

/**
 * FNV-1a (32 bits) of the UTF-8 text `<name>/<field>`, stirred by the finish of MurmurHash3 because the low bits of FNV alone are
 * poor and small ranges use nothing else.
 */
export function cronHash(name: string, field: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${name}/${field}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
