/** Help texts beyond what the options say of themselves. */

export const summaryText = `Keeps a partner's customers on the Layers API as the files in customers/ declare them.

Without a command: one pass. Compares every declared customer with the API and
carries out only what is missing. Never pays twice, never loses a secret, never
does what nobody declared.`;

export const passHelp = `
Examples:
  reconcile --dry-run                 show the plan; nothing is carried out
  reconcile --offline --base ../main  what a change comes to; no API key
  reconcile                           carry it out
  reconcile acme-coffee birch-books   only these customers
  reconcile --watch                   as a daemon: on changes and every resync
  reconcile --sandbox                 try it against the built-in sandbox
  reconcile --approve sha256:…        run what a guard held back, as reviewed

Environment:
  LAYERS_API_KEY        key of the parent organization (org:admin), or
  LAYERS_API_KEY_FILE   a file that holds it; wins, may change at any time
  LAYERS_BASE_URL       default https://api.layers.com
  RECONCILE_…           every option, as in RECONCILE_DRY_RUN=true; what is
                        typed wins. Several hashes: commas between them.
  RECONCILE_ENVIRONMENT name in the marker of --output markdown
  RECONCILE_LOG_LEVEL   debug, info (default of --watch), warn, error, silent

Output formats:
  text      for people              ndjson    an object a line, as it happens
  json      one document, at the    markdown  a comment for a pull request
            end                     github    annotations and step summary

Exit codes, the first that applies:
  1  cannot run (wrong option, no API key, workspace not bound)
  130, 143  cut short by a signal
  7  another process writes in this workspace
  3  no valid file, or reconcile.yaml is not
  6  an approval that fits nothing      8  a payment or key is in doubt
  4  held back by a guard               5  some customer failed or is invalid
  2  changes (with --detailed-exitcode) 0  done, or nothing to do`;

export const initHelp = `
Asks the API whose key it was given, and writes parentOrganizationId and
apiKeyId into reconcile.yaml. Everything else in a file that exists stays as it
is, and none is ever overwritten.

On a terminal it asks what the options leave open, shows every file, and writes
after the last answer or not at all. Anywhere else it asks nothing: the options
say what to write.

Examples:
  reconcile init
  reconcile init --sandbox --yes      a workspace to try things in
  reconcile init --customer acme-coffee --name 'Acme Coffee' --status-store git
  reconcile init --secret-store age --recipient age1…
  reconcile init --secret-store kubernetes --secret-namespace layers-secrets`;

export const validateHelp = `
Needs no API key and calls nothing. Exit code 0 when every file is valid, else
3. With --output github the problems stand beside their lines in a pull request.

Examples:
  reconcile validate
  reconcile validate --output json | jq -r '.problems[].message'`;

export const schemaHelp = `
Example:
  reconcile schema customer --output-file schemas/customer.schema.json
  then begin each customer's file with the line
  # yaml-language-server: $schema=../schemas/customer.schema.json`;

export const statusHelp = `
Shows what the last passes recorded; needs no API key and does not call the
API. With the status store git it fetches the branch. With --live it asks for
the balance of each organization: one GET each, with the API key, no lock.

Examples:
  reconcile status
  reconcile status --unsettled        only what is not as declared
  reconcile status acme-coffee --live
  reconcile status --output json | jq '.customers[] | select(.phase != "Ready")'`;

export const resumeHelp = `
A customer whose organization was suspended by somebody else is left alone
(SuspendedByHand). This ends that suspension; one that the file declares ends
with \`state: active\`.

Example:
  reconcile resume acme-coffee`;

export const importHelp = `
Writes customers/<externalId>.yaml for organizations that were made by hand
(adopt), or whose file was lost; a file that exists is never overwritten.
Nothing is sent but GET. The first pass of such a file moves no credits and
makes no key: \`credits\` is what was granted so far, and keys whose secrets are
not known stand in it as comments. Read it before that pass, above all
grantedCredits.

Examples:
  reconcile import                    list what could be imported
  reconcile import --org org_…        write the file of one organization
  reconcile import --all --dry-run    print all files
  reconcile import --all              write them, then: reconcile --dry-run`;

export const sandboxHelp = `
Example:
  reconcile sandbox --port 4010
  then paste the printed lines into another terminal and run reconcile there.`;

export const completionHelp = `
Add the line of your shell to its startup file:
  bash   source <(reconcile completion bash)          ~/.bashrc
  zsh    source <(reconcile completion zsh)           ~/.zshrc
  fish   reconcile completion fish | source           ~/.config/fish/config.fish`;
