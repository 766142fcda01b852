// How backups and the gap after a restore are shown in tables.

import type { BackupManifest, BackupView, GapView } from '@tidewheel/protocol';
import type { Listing } from './output.ts';

export const backupListing: Listing<BackupView> = {
  columns: (times) => [
    { title: 'ID', value: (row) => row.id },
    { title: 'KIND', value: (row) => row.kind },
    { title: 'STATE', value: (row) => row.state, style: (row) => (row.state === 'failed' ? 'red' : undefined) },
    { title: 'HOLDS', value: (row) => times(row.at) },
    { title: 'SIZE', value: (row) => size(row.bytes), right: true },
    { title: 'STORED', value: (row) => size(row.storedBytes), right: true },
    { title: 'VERIFIED', value: (row) => times(row.verifiedAt) },
    { title: 'BY', value: (row) => row.createdBy, wide: true },
    { title: 'TARGET', value: (row) => row.target, wide: true },
    { title: 'ERROR', value: (row) => row.error ?? '', shrink: true },
  ],
  name: (row) => `backup/${row.id}`,
  empty: 'no backups; `tidewheel backup create` makes one',
};

interface Stored {
  readonly id: string;
  readonly manifest: BackupManifest | null;
  readonly trouble: string | null;
}

export const storedListing: Listing<Stored> = {
  columns: (times) => [
    { title: 'ID', value: (row) => row.id },
    { title: 'KIND', value: (row) => row.manifest?.kind ?? '' },
    { title: 'HOLDS', value: (row) => times(row.manifest?.position.at) },
    {
      title: 'SIZE',
      value: ({ manifest }) =>
        manifest === null ? '' : size(manifest.files.reduce((sum, { bytes }) => sum + bytes, 0)),
      right: true,
    },
    { title: 'CLUSTER', value: (row) => row.manifest?.clusterId ?? '', wide: true },
    { title: 'KEY', value: (row) => row.manifest?.keyId ?? 'none' },
    { title: 'TROUBLE', value: (row) => row.trouble ?? '', shrink: true },
  ],
  name: (row) => `backup/${row.id}`,
  empty: 'no backups lie there',
};

export const gapListing: Listing<GapView['schedules'][number]> = {
  columns: (times) => [
    { title: 'NAMESPACE', value: (row) => row.namespace },
    { title: 'SCHEDULE', value: (row) => row.schedule },
    { title: 'DECIDED UP TO', value: (row) => times(row.decidedUpTo) },
    { title: 'SINCE THEN', value: (row) => String(row.missed), right: true },
    { title: 'NEWEST', value: (row) => times(row.newest) },
  ],
  name: (row) => `schedule/${row.schedule}`,
  empty: 'no schedule has missed a time',
};

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** step;
  return `${value >= 100 || step === 0 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}
