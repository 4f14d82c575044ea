import { isOk } from '../../core/answer.ts';
import type { Whoami } from '../../core/api.ts';
import { printable } from '../../core/declaration/yaml/printable.ts';
import { systemChance } from '../../effects/chance.ts';
import { systemClock } from '../../effects/clock.ts';
import { createLayersReader } from '../../effects/layers/layers-client.ts';
import { createUndiciTransport } from '../../effects/layers/undici-transport.ts';
import type { InitOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { errorPage } from '../pages.ts';
import type { Binding } from './bind-workspace.ts';
import { draftWorkspace, type WorkspaceFile } from './init-files.ts';
import { askYes } from './init-questions.ts';

export type Parent =
  | { readonly kind: 'parent'; readonly me: Whoami }
  | { readonly kind: 'sandbox' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'declined' }
  | { readonly kind: 'cut' };

/** Whose customers these are: the parent of the API key, or of nobody yet. */
export async function chooseParent(
  options: InitOptions,
  existing: WorkspaceFile,
  asks: boolean,
  context: CommandContext,
): Promise<Parent> {
  if (options.sandbox) return { kind: 'sandbox' };
  const credentials = context.credentials();
  if (!credentials.ok) {
    if (!asks) return { kind: 'refused', message: credentials.message };
    context.stderr(`${errorPage(context).wrapLines(credentials.message, '').join('\n')}\n`);
    return sandboxUnlessNo('Begin with the built-in sandbox, and bind the workspace later?', context);
  }
  const asked = await whoami(credentials, context);
  if (!asked.ok) return { kind: 'refused', message: asked.message };
  const { me } = asked;
  if (me.parentOrganizationId !== null) return { kind: 'refused', message: notAParent(me) };
  if (!asks || isBoundTo(me, existing, options)) return { kind: 'parent', me };
  context.stderr(
    `${errorPage(context)
      .wrap(`The API key belongs to ${nameOf(me)}.`, '')
      .join('\n')}\n`,
  );
  const yes = await askYes('Bind this workspace to it?', context);
  if (yes === null) return { kind: 'cut' };
  if (yes) return { kind: 'parent', me };
  return sandboxUnlessNo('Make it for the built-in sandbox instead?', context);
}

async function sandboxUnlessNo(question: string, context: CommandContext): Promise<Parent> {
  const yes = await askYes(question, context);
  if (yes === null) return { kind: 'cut' };
  return { kind: yes ? 'sandbox' : 'declined' };
}

/** Then there is nothing to ask, nor when it cannot be: why is said without a question. */
function isBoundTo(me: Whoami, existing: WorkspaceFile, { force }: InitOptions): boolean {
  const drafted = draftWorkspace(existing, bindingOf(me), NO_SETTINGS, force);
  return drafted.kind !== 'drafted' || drafted.file === null;
}

type Asked = { readonly ok: true; readonly me: Whoami } | { readonly ok: false; readonly message: string };

async function whoami(
  { baseUrl, token }: ReturnType<CommandContext['credentials']> & { readonly ok: true },
  context: CommandContext,
): Promise<Asked> {
  const transport = createUndiciTransport({ baseUrl });
  const common = { clock: systemClock, chance: systemChance, signal: context.stop };
  const answer = await createLayersReader({ transport, token, ...common }).whoami();
  await transport.close();
  if (isOk(answer)) return { ok: true, me: answer.value };
  const request = answer.meta.requestId === undefined ? '' : ` (request ${answer.meta.requestId})`;
  return { ok: false, message: `${baseUrl} does not say whose key this is: ${answer.problem.message}${request}` };
}

function notAParent(me: Whoami): string {
  return (
    `The API key belongs to ${nameOf(me)}, which is itself a child organization. Only a ` +
    'parent has customers: use an API key of the parent organization that holds org:admin.'
  );
}

export function nameOf({ organizationName, organizationId }: Whoami): string {
  return `${printable(organizationName)} (${organizationId})`;
}

/** Of a reconcile.yaml that exists, whose settings stay. */
export const NO_SETTINGS = { statusStore: null, secrets: null } as const;

export function bindingOf(me: Whoami | null): Binding | null {
  return me && { parentOrganizationId: me.organizationId, apiKeyId: me.apiKeyId };
}
