/**
 * Why secrets must not go to a file here, or null (design 6): the disk of a CI runner or of a container is gone when the
 * run is over, and a secret is shown only once. Naming `secrets.directory` in reconcile.yaml says that it stays.
 */
export function refusalInCi(
  env: Readonly<Record<string, string | undefined>>,
  workspaceSecretsDirectory: string | undefined,
): string | null {
  if (workspaceSecretsDirectory !== undefined) return null;
  const sign = ['KUBERNETES_SERVICE_HOST', 'CI'].find((name) => !['', 'false', '0'].includes(env[name] ?? ''));
  if (sign === undefined) return null;
  const place = sign === 'CI' ? 'a CI runner' : 'a container';
  return (
    `secrets would be stored in .reconcile/secrets, but this seems to be ${place} (${sign} is set), whose disk does not ` +
    'stay, and a secret is shown only once. Set secrets.directory in reconcile.yaml to a directory that stays'
  );
}
