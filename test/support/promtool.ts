import { spawnSync } from 'node:child_process';

/** Whether Prometheus' own checker is on this machine (`apt-get install prometheus`). */
export const hasPromtool: boolean = spawnSync('promtool', ['--version']).status === 0;

/** Runs it; what it says, and whether it found nothing wrong. */
export function promtool(args: readonly string[], input = ''): { readonly ok: boolean; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return { ok: status === 0, said: `${stdout}${stderr}`.trim() };
}
