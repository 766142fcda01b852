// Pools on both engines.

import { testPools } from './testing/pools.ts';
import { virtualPostgres, virtualSqlite } from './testing/virtual-store.ts';

testPools('sqlite', virtualSqlite);
testPools('postgres', virtualPostgres);
