/** Headings in the help, the same in every command: what is its own stands first, below "Options:". */
export const optionGroups = {
  what: 'What to do:',
  review: 'Review:',
  workspace: 'Workspace:',
  output: 'Output:',
  daemon: 'With --watch:',
  cluster: 'In a cluster:',
  replicas: 'Replicas, with --watch:',
} as const;
