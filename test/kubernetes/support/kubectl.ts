import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { kubectl } from '../../real/parts.ts';

/** As the administrator of the shared API server; rejects with what kubectl said when it fails. */
export function runKubectl(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return promisify(execFile)(kubectl.path, ['--kubeconfig', inject('cluster').kubeconfig, ...args]);
}
