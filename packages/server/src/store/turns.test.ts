import { testTurns } from './testing/turns.ts';
import { virtualPostgres, virtualSqlite } from './testing/virtual-store.ts';

testTurns('SQLite', virtualSqlite);
testTurns('PostgreSQL', virtualPostgres);
