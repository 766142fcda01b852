// What the caller of the benchmark can mend: said in a sentence, without a stack.

export class Usage extends Error {}
