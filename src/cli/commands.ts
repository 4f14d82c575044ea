import type { ListenSetting } from '../core/declaration/listen-address.ts';
import type { CompletableCommand } from './completion-tree.ts';
import type { LeaseOptions } from './lease-options.ts';
import type { SourceOptions } from './source-options.ts';

/** What stdout carries. Every command knows the first two; which one knows more is said where its options are. */
export const documentFormats = ['text', 'json'] as const;
export const validateFormats = [...documentFormats, 'github'] as const;
export const passFormats = [...documentFormats, 'ndjson', 'markdown', 'github'] as const;

export type OutputFormat = (typeof documentFormats)[number];
export type ValidateFormat = (typeof validateFormats)[number];
export type PassFormat = (typeof passFormats)[number];

/** What every command that looks at a workspace is told. */
export interface WorkspaceOptions {
  /** Holds customers/, reconcile.yaml and .reconcile/; as typed, relative to the current directory. */
  readonly directory: string;
  readonly output: OutputFormat;
  /** False after --no-color. NO_COLOR and the terminal are looked at by whoever prints. */
  readonly color: boolean;
}

/** What a command that looks at customers is told about where they are declared. */
export interface Declared {
  /** Files when left out. */
  readonly from?: SourceOptions;
}

export interface ValidateOptions extends Omit<WorkspaceOptions, 'output'>, Declared {
  readonly output: ValidateFormat;
}

export interface StatusOptions extends WorkspaceOptions, Declared {
  /** What passes against the built-in sandbox recorded. */
  readonly sandbox: boolean;
  /** Also read what each organization holds now. */
  readonly live: boolean;
  /** These alone, by their externalId; everybody when left out or empty. */
  readonly customers?: readonly string[];
  /** Without those who are as declared. */
  readonly unsettled?: boolean;
}

export interface DoctorOptions extends WorkspaceOptions, Declared {
  readonly sandbox: boolean;
}

export interface ExplainOptions extends WorkspaceOptions, Declared {
  /** Its externalId. */
  readonly customer: string;
  readonly sandbox: boolean;
}

export interface ResolveOptions extends Omit<WorkspaceOptions, 'output'>, Declared {
  /** Its externalId. */
  readonly customer: string;
  readonly sandbox: boolean;
  readonly yes: boolean;
}

export interface LedgerOptions extends WorkspaceOptions, Declared {
  readonly sandbox: boolean;
}

/** `reconcile [customer…]`: one pass, or the daemon. */
export interface PassOptions extends Omit<WorkspaceOptions, 'output'>, Declared {
  readonly output: PassFormat;
  /** Empty: all customers. */
  readonly customers: readonly string[];
  readonly dryRun: boolean;
  /** From files and recorded status alone; never without dryRun. */
  readonly offline: boolean;
  /** A checkout from before the change, whose guards and status count; only with offline. */
  readonly base: string | null;
  readonly watch: boolean;
  readonly sandbox: boolean;
  readonly full: boolean;
  readonly detailedExitcode: boolean;
  /** `sha256:…`, as plans print them. */
  readonly approve: readonly string[];
  readonly yes: boolean;
  /** Customers worked on at once, 1..64. */
  readonly concurrency: number;
  /** Milliseconds; null leaves it to reconcile.yaml. */
  readonly resyncMs: number | null;
  /** null leaves it to reconcile.yaml. */
  readonly listen: ListenSetting | null;
  /** The only daemon when left out. */
  readonly lease?: LeaseOptions;
}

export const statusStores = ['inline', 'directory', 'git'] as const;
export const secretStores = ['file', 'age', 'kubernetes', 'vault', 'command'] as const;

export interface InitOptions extends Omit<WorkspaceOptions, 'output'> {
  /** Take the default of every question that the other options leave open. */
  readonly yes: boolean;
  /** Bind the workspace to nobody: it is for the built-in sandbox, and may be bound later. */
  readonly sandbox: boolean;
  /** Also make customers/ with an example when it is missing. */
  readonly example: boolean;
  /** The externalId and the name of a customer to write a file for; a name is made of the externalId. */
  readonly customer: string | null;
  readonly name: string | null;
  /** null leaves them to the defaults of reconcile.yaml. */
  readonly statusStore: (typeof statusStores)[number] | null;
  readonly secretStore: (typeof secretStores)[number] | null;
  /** Of age, for the secret store of that name. */
  readonly recipients: readonly string[];
  /** Of its Secret objects, for `kubernetes`. */
  readonly secretNamespace: string | null;
  /** Of the server, for `vault`. */
  readonly secretAddress: string | null;
  /** The program, for `command`. */
  readonly secretCommand: string | null;
  /** Replace the API key that the workspace is bound to; a bound parent is never replaced. */
  readonly force: boolean;
}

/** `reconcile import` */
export interface ImportOptions extends WorkspaceOptions {
  /** `none`: only list what could be imported. */
  readonly wanted: 'none' | 'all' | readonly string[];
  /** Print the files instead of writing them. */
  readonly dryRun: boolean;
  readonly sandbox: boolean;
}

export interface OrphansOptions extends WorkspaceOptions, Declared {
  readonly sandbox: boolean;
  readonly detailedExitcode: boolean;
}

/** `reconcile webhooks test <name>` */
export interface TestWebhookOptions extends WorkspaceOptions, Declared {
  /** As declared in reconcile.yaml. */
  readonly name: string;
  readonly sandbox: boolean;
}

/** `reconcile resume <customer>` */
export interface ResumeOptions extends Omit<WorkspaceOptions, 'output'>, Declared {
  readonly customer: string;
  readonly sandbox: boolean;
  readonly yes: boolean;
}

export interface SandboxCommandOptions {
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  /** null: .reconcile/sandbox below the workspace. */
  readonly dataDirectory: string | null;
  readonly directory: string;
}

export const schemaNames = ['customer', 'reconcile', 'output', 'events', 'crd'] as const;
export type SchemaName = (typeof schemaNames)[number];

export const shells = ['bash', 'zsh', 'fish'] as const;

/** `reconcile completion <shell>` */
export interface CompletionOptions {
  readonly shell: (typeof shells)[number];
  readonly tree: readonly CompletableCommand[];
}

export interface SchemaOptions {
  readonly name: SchemaName;
  /** null: standard output. */
  readonly outputFile: string | null;
}

/** What the command line can ask for. Each answers with the exit code of the process. */
export interface Commands {
  pass(options: PassOptions): Promise<number>;
  init(options: InitOptions): Promise<number>;
  validate(options: ValidateOptions): Promise<number>;
  status(options: StatusOptions): Promise<number>;
  resume(options: ResumeOptions): Promise<number>;
  doctor(options: DoctorOptions): Promise<number>;
  explain(options: ExplainOptions): Promise<number>;
  resolve(options: ResolveOptions): Promise<number>;
  verifyLedger(options: LedgerOptions): Promise<number>;
  testWebhook(options: TestWebhookOptions): Promise<number>;
  importOrganizations(options: ImportOptions): Promise<number>;
  orphans(options: OrphansOptions): Promise<number>;
  sandbox(options: SandboxCommandOptions): Promise<number>;
  schema(options: SchemaOptions): Promise<number>;
  completion(options: CompletionOptions): Promise<number>;
}

/** The words that are commands; everything else at their place is the name of a customer. */
export const commandNames: readonly string[] = [
  'init',
  'validate',
  'status',
  'resume',
  'doctor',
  'explain',
  'resolve',
  'ledger',
  'webhooks',
  'import',
  'orphans',
  'sandbox',
  'schema',
  'completion',
  'help',
];
