import { type CommandUnknownOpts, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { namespacePattern } from '../core/declaration/store-settings.ts';
import { optionGroups } from './option-groups.ts';

export const sourceKinds = ['files', 'kubernetes'] as const;

/** `--source` and what belongs to it. */
export interface SourceOptions {
  readonly source: (typeof sourceKinds)[number];
  /** Of the objects; null: the one we run in, or that the kubeconfig names. */
  readonly namespace: string | null;
  readonly allNamespaces: boolean;
  /** Path; null: as kubectl finds it, or the pod's own account. */
  readonly kubeconfig: string | null;
}

/** Where customers are declared unless somebody says otherwise: customers/. */
export const fromFiles: SourceOptions = { source: 'files', namespace: null, allNamespaces: false, kubeconfig: null };

/** Gives a command the options that say where customers are declared. */
export function withSource<T extends CommandUnknownOpts>(command: T): T {
  command
    .addOption(
      new Option('--source <source>', 'where customers are declared: files, or kubernetes for Customer objects')
        .helpGroup(optionGroups.cluster)
        .choices(sourceKinds)
        .default('files'),
    )
    .addOption(
      new Option('--namespace <name>', 'with --source kubernetes: of the objects; default: our own')
        .helpGroup(optionGroups.cluster)
        .argParser(readNamespace),
    )
    .addOption(
      new Option('--all-namespaces', 'with --source kubernetes: the objects of all namespaces').helpGroup(
        optionGroups.cluster,
      ),
    )
    .addOption(
      new Option('--kubeconfig <file>', 'how to reach the cluster; default as kubectl, or the pod’s account').helpGroup(
        optionGroups.cluster,
      ),
    );
  return command;
}

/** What the options of {@link withSource} say; contradictions end the command. */
export function readSource(command: CommandUnknownOpts): SourceOptions {
  const text = (name: string) => {
    const value: unknown = command.getOptionValue(name);
    return typeof value === 'string' ? value : null;
  };
  const from: SourceOptions = {
    source: sourceKinds.find((kind) => kind === text('source')) ?? 'files',
    namespace: text('namespace'),
    allNamespaces: command.getOptionValue('allNamespaces') === true,
    kubeconfig: text('kubeconfig'),
  };
  if (from.allNamespaces && from.namespace !== null)
    command.error('error: --namespace names one namespace, --all-namespaces takes every one. Give one of them.');
  for (const [name, flag] of [
    ['namespace', '--namespace'],
    ['allNamespaces', '--all-namespaces'],
  ] as const)
    if (from.source === 'files' && command.getOptionValueSource(name) === 'cli')
      command.error(`error: ${flag} has an effect only with --source kubernetes.`);
  return from;
}

/** For a command to which objects make no difference or no sense, so that it says so. */
export function filesOnly<T extends CommandUnknownOpts>(command: T): T {
  command.addOption(
    new Option('--source <source>')
      .choices(['files'])
      .argParser((text) => {
        if (text !== 'files') throw new InvalidArgumentError('This command writes files; say --source files.');
        return text;
      })
      .default('files')
      .hideHelp(),
  );
  return command;
}

function readNamespace(text: string): string {
  if (!namespacePattern.test(text))
    throw new InvalidArgumentError('It must be the name of a namespace: lower case letters, digits and hyphens.');
  return text;
}
