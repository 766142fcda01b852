// A scaler that is a service of the operator, spoken to in JSON over HTTP. What is sent is signed together with the time, so that the
// service knows from whom it comes and that it is not an old one; what comes back is believed because of the service's certificate.

import { createHmac } from 'node:crypto';
import { formatDuration, type PoolDriver, Refusal } from '@tidewheel/protocol';
import { serverLimits } from '../../core/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import { contractScaler, type ScalerCarrier } from '../../ports/contract-scaler.ts';
import { type HttpClient, wholeText } from '../../ports/http-client.ts';
import type { ScaledPool, Scaler } from '../../ports/scaler.ts';

export interface WebhookScalerOptions {
  /** Addresses that may be called, each with all below it: pools are declared by others than those who run the masters. */
  readonly allowed: readonly string[];
  /** What requests are signed with. */
  readonly secret: string;
  readonly http: HttpClient;
  readonly clock: Clock;
}

const excerptCharacters = 300;
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

export function webhookScaler(options: WebhookScalerOptions): Scaler {
  return contractScaler(new Webhooks(options));
}

/** As it stands in the header `tidewheel-signature`: of the time and the body, with a dot between. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

class Webhooks implements ScalerCarrier {
  readonly #options: WebhookScalerOptions;
  readonly #running = new Set<AbortController>();
  #closed = false;

  constructor(options: WebhookScalerOptions) {
    this.#options = options;
  }

  refuses(driver: PoolDriver): string | null {
    const url = driver.kind === 'webhook' ? driver.url : '';
    const { origin, protocol, hostname, pathname } = new URL(url);
    if (!this.#options.allowed.some((base) => isBelow(url, base)))
      return `calls ${origin}${pathname}, which is not below an address of \`scaler.webhooks\``;
    // The answer is not signed: whoever could change it on its way could hide machines, or make some up.
    if (protocol === 'http:' && !loopback.test(hostname))
      return `calls ${origin}, which is not on this machine, without TLS: name an https address`;
    return null;
  }

  /** Without the query, in which a secret may be. */
  nameOf(pool: ScaledPool): string {
    const { origin, pathname } = new URL(webhookOf(pool).url);
    return origin + pathname;
  }

  async carry(pool: ScaledPool, text: string): Promise<string> {
    const { url, timeout } = webhookOf(pool);
    const name = this.nameOf(pool);
    const { clock } = this.#options;
    if (this.#closed) throw new Refusal('SCALER_FAILED', `${name}: this master is stopping`);
    const under = new AbortController();
    this.#running.add(under);
    const timer = clock.timer(timeout, () => under.abort(new Error(`no answer within ${formatDuration(timeout)}`)));
    try {
      return await this.#post(url, text, under.signal);
    } catch (error) {
      const reason: unknown = under.signal.aborted ? under.signal.reason : error;
      const why = reason instanceof Error ? reason.message : String(reason);
      throw new Refusal('SCALER_FAILED', `${name}: ${why}`, { cause: error });
    } finally {
      timer.cancel();
      this.#running.delete(under);
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const under of this.#running) under.abort(new Error('this master is stopping'));
    this.#options.http.close();
    return Promise.resolve();
  }

  async #post(url: string, body: string, signal: AbortSignal): Promise<string> {
    const { http, secret, clock } = this.#options;
    const seconds = Math.floor(clock.wallMs() / 1000);
    const headers = {
      accept: 'application/json',
      'content-type': 'application/json',
      'user-agent': 'tidewheel',
      'tidewheel-timestamp': String(seconds),
      'tidewheel-signature': signatureOf(secret, seconds, body),
    };
    const answer = await http.send({ method: 'POST', url, headers, body, signal });
    const text = await wholeText(answer, serverLimits.scalerAnswerBytes);
    if (answer.status === 200) return text;
    const towards = answer.status >= 300 && answer.status < 400 ? ', and redirects are not followed' : '';
    const said = text.trim() === '' ? '' : `: ${text.trim().slice(0, excerptCharacters)}`;
    throw new Error(`the answer was ${answer.status}${towards}${said}`);
  }
}

/** Both are parsed, so that neither dots nor another port lead out of what is allowed. */
function isBelow(url: string, base: string): boolean {
  const [inner, outer] = [new URL(url), new URL(base)];
  const path = outer.pathname.replace(/\/*$/, '/');
  return inner.origin === outer.origin && `${inner.pathname}/`.startsWith(path) && inner.username === '';
}

function webhookOf({ driver }: ScaledPool): { readonly url: string; readonly timeout: number } {
  if (driver.kind !== 'webhook') throw new TypeError(`a pool of the driver ${driver.kind} has no address`);
  return driver;
}
