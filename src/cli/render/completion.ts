import type { CompletionOptions } from '../commands.ts';
import type { CompletableCommand, CompletableOption } from '../completion-tree.ts';

type Shell = CompletionOptions['shell'];

/** A script for the shell to read at its start. Customers are read from the files at each tab, without starting node. */
export function renderCompletion(shell: Shell, tree: readonly CompletableCommand[]): string {
  switch (shell) {
    case 'bash':
      return bash(tree);
    case 'zsh':
      return `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash(tree)}`;
    case 'fish':
      return fish(tree);
  }
}

/** Line by line: an externalId that stands as usual at the beginning of a line. Silent where there are no files. */
const EXTERNAL_IDS = `sed -n 's/^externalId:[[:space:]]*["'"'"']\\{0,1\\}\\([A-Za-z0-9._:-]*\\).*/\\1/p'`;

/** Its variables are none of those that zsh gives a meaning of its own, such as `path` and `words`. */
function bash(tree: readonly CompletableCommand[]): string {
  const paths = tree.filter(({ path }) => path !== '').map(({ path }) => `      ${quote(path)}) at=$word ;;`);
  const values = tree.flatMap((command) =>
    command.options.flatMap((option) => {
      const action = bashValue(option);
      return action === null ? [] : [`    ${pattern(command, option)}) ${action}; return ;;`];
    }),
  );
  const words = tree.map((command) => {
    const flags = command.options.flatMap((option) => option.flags).join(' ');
    const plain = [...command.subcommands, ...command.words].join(' ');
    const customers = command.takesCustomers ? '; offered="$offered $(_reconcile_customers "$dir")"' : '';
    return `    ${quote(command.path)}) flags=${quote(flags)}; offered=${quote(plain)}${customers} ;;`;
  });
  return `_reconcile_customers() {
  grep -rhs '^externalId:' "$1/customers" 2>/dev/null | ${EXTERNAL_IDS} 2>/dev/null
}
_reconcile() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
  local at='' word='' dir=. flags='' offered='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in -C|--directory) dir="\${COMP_WORDS[i+1]:-.}" ;; esac
    word="\${at:+$at }\${COMP_WORDS[i]}"
    case "$word" in
${paths.join('\n')}
    esac
  done
  case "$at|$prev" in
${values.join('\n')}
  esac
  case "$at" in
${words.join('\n')}
  esac
  case "$cur" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -W "$offered" -- "$cur")) ;;
  esac
}
complete -F _reconcile reconcile
`;
}

function pattern({ path }: CompletableCommand, { flags }: CompletableOption): string {
  return flags.map((flag) => quote(`${path}|${flag}`)).join('|');
}

function bashValue({ value }: CompletableOption): string | null {
  if (value === 'none') return null;
  if (value === 'any') return 'COMPREPLY=()';
  if (value === 'directory') return 'COMPREPLY=($(compgen -d -- "$cur"))';
  if (value === 'file') return 'COMPREPLY=($(compgen -f -- "$cur"))';
  return `COMPREPLY=($(compgen -W ${quote(value.join(' '))} -- "$cur"))`;
}

function fish(tree: readonly CompletableCommand[]): string {
  return `function __reconcile_customers
  grep -rhs '^externalId:' customers 2>/dev/null | ${EXTERNAL_IDS.replaceAll(`'"'"'`, `\\'`)} 2>/dev/null
end
function __reconcile_at
  set -l words (commandline -opc | string match -v -- '-*')
  set -e words[1]
  test "$words" = "$argv"
end
complete -c reconcile -f
${tree.flatMap(fishLines).join('\n')}
`;
}

function fishLines({ path, options, subcommands, words, takesCustomers }: CompletableCommand): string[] {
  const at = `complete -c reconcile -n ${quote(`__reconcile_at ${path}`.trim())}`;
  const plain = [...subcommands, ...words];
  return [
    ...(plain.length === 0 ? [] : [`${at} -a ${quote(plain.join(' '))}`]),
    ...(takesCustomers ? [`${at} -a '(__reconcile_customers)'`] : []),
    ...options.map(({ flags, description, value }) => {
      const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      return `${at} ${names.join(' ')}${fishValue(value)} -d ${quote(description)}`;
    }),
  ];
}

function fishValue(value: CompletableOption['value']): string {
  if (value === 'none') return '';
  if (value === 'any') return ' -x';
  if (value === 'directory' || value === 'file') return ' -r -F';
  return ` -x -a ${quote(value.join(' '))}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
