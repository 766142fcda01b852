// Calls to a service over HTTP, for drivers that need their own authority, certificate or a body that never ends. Redirects are never
// followed: a driver calls what it was told to call and nothing else, and its credentials go nowhere else.

export interface HttpIdentity {
  /** Certificates that the server is checked against instead of the system's, PEM. */
  readonly ca?: string;
  /** Of this client, PEM. */
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must bear, where it is not that of the address. */
  readonly servername?: string;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the request, and the body of its answer, wherever it stands. */
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  header(name: string): string | null;
  /** As it comes. Whoever leaves before the end closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface HttpClient {
  /** Rejects when no answer comes: refused, cut off, not trusted, aborted. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Closes the connections that are kept. */
  close(): void;
}

export type OpenHttp = (identity: HttpIdentity) => HttpClient;

export class AnswerTooLarge extends Error {
  constructor(most: number) {
    super(`the answer is larger than ${most} bytes`);
    this.name = 'AnswerTooLarge';
  }
}

export async function wholeText(answer: HttpAnswer, most: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of answer.body) {
    size += piece.byteLength;
    if (size > most) throw new AnswerTooLarge(most);
    pieces.push(piece);
  }
  const decoder = new TextDecoder();
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode();
}
