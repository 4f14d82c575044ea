import { parse } from 'yaml';
import { z } from 'zod';

/** What a kubeconfig says about reaching a cluster, in its own words (kubernetes.io, "kubeconfig (v1)"). */

const text = z.string().min(1).optional();

const clusterSchema = z.object({
  server: text,
  'certificate-authority': text,
  'certificate-authority-data': text,
  'tls-server-name': text,
  'insecure-skip-tls-verify': z.boolean().optional(),
  'proxy-url': text,
});

const userSchema = z.object({
  token: text,
  tokenFile: text,
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  username: text,
  exec: z.object({ command: text }).optional(),
  'auth-provider': z.object({ name: text }).optional(),
});

const contextSchema = z.object({ cluster: text, user: text, namespace: text });

const kubeconfigSchema = z.object({
  'current-context': z.string().nullish(),
  clusters: z.array(z.object({ name: z.string(), cluster: clusterSchema.nullish() })).nullish(),
  users: z.array(z.object({ name: z.string(), user: userSchema.nullish() })).nullish(),
  contexts: z.array(z.object({ name: z.string(), context: contextSchema.nullish() })).nullish(),
});

export interface Kubeconfig {
  /** The file; paths in it are relative to its directory. */
  readonly file: string;
  readonly content: z.output<typeof kubeconfigSchema>;
}

/** What the current context chooses, each part with the file that says it. */
export interface KubeconfigChoice {
  readonly context: string;
  readonly namespace: string | null;
  readonly cluster: Said<z.output<typeof clusterSchema>>;
  /** Nobody where the context names no user, as behind `kubectl proxy`. */
  readonly user: Said<z.output<typeof userSchema>> | null;
}

interface Said<T> {
  readonly file: string;
  readonly says: T;
}

type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** No message repeats what stands in the file: it holds credentials (invariant I4). */
export function readKubeconfig(file: string, yaml: string): Reading<Kubeconfig> {
  let parsed: unknown;
  try {
    parsed = parse(yaml, { logLevel: 'error', stringKeys: true });
  } catch {
    return { ok: false, message: `${file} is not valid YAML.` };
  }
  const content = kubeconfigSchema.safeParse(parsed ?? {});
  if (content.success) return { ok: true, value: { file, content: content.data } };
  const place = content.error.issues[0]?.path.join('.') ?? '';
  return {
    ok: false,
    message: `${file} is not a kubeconfig: ${place || 'its top level'} is not of the expected form.`,
  };
}

/** Of several files the first that names something wins, as with kubectl. */
export function chooseFromKubeconfigs(configs: readonly Kubeconfig[]): Reading<KubeconfigChoice> {
  const files = configs.map(({ file }) => file).join(', ');
  const current = configs.map(({ content }) => content['current-context'] ?? '').find((name) => name !== '');
  if (current === undefined) return { ok: false, message: `${files}: no current-context is set.` };
  const context = firstOf(configs, ({ contexts }) => contexts?.find(({ name }) => name === current)?.context);
  if (context === null) return { ok: false, message: `${files}: there is no context ${JSON.stringify(current)}.` };
  const { cluster: clusterName, user: userName, namespace } = context.says;
  const cluster = firstOf(configs, ({ clusters }) => clusters?.find(({ name }) => name === clusterName)?.cluster);
  const user = firstOf(configs, ({ users }) => users?.find(({ name }) => name === userName)?.user);
  if (cluster === null)
    return {
      ok: false,
      message: `${files}: the context ${JSON.stringify(current)} names a cluster that is not there.`,
    };
  if (user === null && userName !== undefined)
    return { ok: false, message: `${files}: the context ${JSON.stringify(current)} names a user that is not there.` };
  return { ok: true, value: { context: current, namespace: namespace ?? null, cluster, user } };
}

function firstOf<T>(
  configs: readonly Kubeconfig[],
  find: (content: Kubeconfig['content']) => T | null | undefined,
): Said<T> | null {
  for (const { file, content } of configs) {
    const says = find(content);
    if (says !== null && says !== undefined) return { file, says };
  }
  return null;
}
