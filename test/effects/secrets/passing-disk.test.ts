import { expect, test } from 'vitest';
import { refusalInCi } from '../../../src/effects/secrets/passing-disk.ts';

test.each([
  [{}, undefined, null, 'a person’s own machine'],
  [{ CI: 'true' }, undefined, 'CI is set', 'the disk of a runner does not stay'],
  [
    { KUBERNETES_SERVICE_HOST: '10.0.0.1' },
    undefined,
    'KUBERNETES_SERVICE_HOST is set',
    'nor does that of a container',
  ],
  [{ CI: 'true' }, '/mnt/secrets', null, 'somebody said that this directory stays'],
  [{ CI: '' }, undefined, null, 'an empty variable is not set'],
  [{ CI: 'false' }, undefined, null, 'some runners say so'],
])('with %o and directory %s the refusal is %s: %s', (env, directory, expected, reason) => {
  const refusal = refusalInCi(env, directory);
  if (expected === null) expect(refusal, reason).toBeNull();
  else expect(refusal, reason).toContain(expected);
});
