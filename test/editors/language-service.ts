import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { getLanguageService } from 'yaml-language-server';
import type { CorpusTopic } from '../support/corpus.ts';
import { repositoryRoot } from '../support/source-tree.ts';

/** What an editor shows: the YAML language server that VS Code, Neovim and others run, with our published schemas. */
export interface Editor {
  /** The messages under the squiggles. */
  complaints(kind: CorpusTopic['kind'], text: string): Promise<readonly string[]>;
  /** What stands in the box over the place marked with `‸`. */
  hover(kind: CorpusTopic['kind'], marked: string): Promise<string>;
  /** What is offered at the place marked with `‸`, with its explanation. */
  completions(kind: CorpusTopic['kind'], marked: string): Promise<ReadonlyMap<string, string>>;
}

const files = {
  customer: { schema: 'customer.schema.json', path: 'customers/any.yaml' },
  workspace: { schema: 'reconcile.schema.json', path: 'reconcile.yaml' },
} as const;

export function openEditor(): Editor {
  const service = getLanguageService({
    schemaRequestService: (uri) => Promise.reject(new Error(`asked for ${uri}: a schema must be complete by itself`)),
    workspaceContext: { resolveRelativePath: (path) => path },
  });
  service.configure({
    validate: true,
    hover: true,
    completion: true,
    yamlVersion: '1.2',
    hoverSchemaSource: false,
    schemas: Object.values(files).map(({ schema, path }) => ({
      uri: `file:///schemas/${schema}`,
      fileMatch: [path],
      schema: JSON.parse(readFileSync(join(repositoryRoot, 'schemas', schema), 'utf8')),
    })),
  });
  let opened = 0;
  // The service remembers documents by their address.
  const open = (kind: CorpusTopic['kind'], text: string) =>
    TextDocument.create(`file:///workspace-${opened++}/${files[kind].path}`, 'yaml', 1, text);
  const openAt = (kind: CorpusTopic['kind'], marked: string) => {
    const document = open(kind, marked.replace('‸', ''));
    return { document, position: document.positionAt(marked.indexOf('‸')) };
  };
  return {
    async complaints(kind, text) {
      const diagnostics = await service.doValidation(open(kind, text), false);
      return diagnostics.map(({ message }) => message);
    },
    async hover(kind, marked) {
      const { document, position } = openAt(kind, marked);
      const hover = await service.doHover(document, position);
      return shownText(hover?.contents);
    },
    async completions(kind, marked) {
      const { document, position } = openAt(kind, marked);
      const { items } = await service.doComplete(document, position, false);
      return new Map(items.map(({ label, documentation }) => [label, shownText(documentation)]));
    },
  };
}

function shownText(contents: unknown): string {
  if (typeof contents === 'string') return contents;
  if (typeof contents !== 'object' || contents === null || !('value' in contents)) return '';
  return typeof contents.value === 'string' ? contents.value : '';
}
