// The part of the error catalogue that is about pools: their definitions, the platforms they are made of, and who asks about them.

import type { CatalogueEntry } from './error-entry.ts';

export const elasticErrors = {
  POOL_CONFLICT: {
    status: 409,
    title: 'Two pools contradict each other',
    remedy:
      'Give the pools that are named different values of one label, or the same maximum of what they share; a worker and a shared maximum can be of one rule only.',
    retryable: false,
  },
  SCALER_FAILED: {
    status: 503,
    title: 'The platform of a pool did not do as it was told',
    remedy:
      'Mend what `tidewheel pool show NAME` says of the driver: the platform, its credentials, the program or the address. It is asked again by itself, and the workers that are there go on.',
    retryable: true,
  },
  SCALER_NOT_ALLOWED: {
    status: 403,
    title: 'The configuration does not allow this scaler',
    remedy:
      'Name the program in `scaler.commands`, the address in `scaler.webhooks`, or the cluster in `scaler.kubernetes`, or a number of `scaler.processes`, of every master; or give the pool another driver.',
    retryable: false,
  },
  KEDA_OPEN: {
    status: 422,
    title: 'A public address for KEDA needs certificates',
    remedy:
      'Configure keda.cert, keda.key and keda.clientCa, listen on loopback, or pass --keda-insecure where the network lets only KEDA in.',
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
