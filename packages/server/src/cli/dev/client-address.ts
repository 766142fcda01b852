// Where programs on this machine reach a server that listens on `address`: an address that means "all" is not one to call.

export function clientAddress(address: string): string {
  const url = new URL(address);
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
  if (url.hostname === '[::]') url.hostname = '[::1]';
  return url.origin;
}
