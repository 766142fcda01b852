// The other policy of a what-if: a file with `pools:`, as `tidewheel apply` takes it, or one that holds a policy alone.

import { type PoolDefinition, poolDefinitionSchema, poolPolicySchema, Refusal } from '@tidewheel/protocol';
import { parse } from 'yaml';
import { placedIssues } from './manifest-issues.ts';
import { readManifest } from './manifest.ts';

/** `declared`: as the pool is now; a policy alone takes the place of its policy. */
export function poolOfFile(path: string, text: string, declared: PoolDefinition): PoolDefinition {
  if (/^pools:/m.test(text)) return declaredIn(path, text, declared.name);
  const policy = documentOf(path, text);
  const [first] = placedIssues(poolPolicySchema, policy);
  if (first !== undefined) {
    throw new Refusal('INVALID_FILE', `${path}: ${first.path.join('.') || 'the policy'}: ${first.detail}`);
  }
  return { ...declared, policy: poolPolicySchema.parse(policy) };
}

function declaredIn(path: string, text: string, name: string): PoolDefinition {
  const { pools } = readManifest([{ path, text }]);
  const found = pools.find((pool) => pool.name === name);
  if (found !== undefined) return poolDefinitionSchema.parse(found);
  const names = pools.map((pool) => pool.name).join(', ') || 'none';
  throw new Refusal('INVALID_FILE', `${path} declares no pool ${name}; it declares: ${names}`);
}

function documentOf(path: string, text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new Refusal('INVALID_FILE', `${path}: ${reason}`);
  }
}
