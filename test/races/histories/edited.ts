import type { Edit } from './commands.ts';
import { type CustomerFile, SCOPES, type Slot } from './files.ts';

/** Carries out one edit of one file, as a person with an editor would. */
export function edited(slot: Slot, edit: Edit, nowMs: number): void {
  switch (edit.what) {
    case 'delete':
      slot.deleted = slot.file ?? slot.deleted;
      slot.file = null;
      return;
    case 'restore':
      slot.file ??= slot.deleted;
      return;
    case 'move':
      slot.path = slot.path.startsWith('moved-') ? slot.path.slice('moved-'.length) : `moved-${slot.path}`;
      return;
    case 'duplicate':
    case 'forget duplicate':
      slot.isDuplicated = edit.what === 'duplicate';
      return;
    case 'credits':
    case 'name':
    case 'cap':
    case 'refill':
    case 'key':
    case 'drop key':
    case 'revoke key':
    case 'rotate key':
    case 'state':
      if (slot.file) slot.file = changed(slot.file, edit, nowMs);
  }
}

type FieldEdit = Exclude<Edit, { readonly what: 'delete' | 'restore' | 'move' | 'duplicate' | 'forget duplicate' }>;

function changed(file: CustomerFile, edit: FieldEdit, nowMs: number): CustomerFile {
  switch (edit.what) {
    case 'credits':
      return { ...file, credits: edit.credits };
    case 'name':
      return { ...file, name: `${edit.name} ${file.externalId}` };
    case 'cap':
      return { ...file, cap: edit.cap };
    case 'refill':
      return { ...file, refill: edit.on };
    case 'state':
      return { ...file, state: edit.state };
    case 'key': {
      const scopes = SCOPES[edit.scopes] ?? SCOPES[0];
      const kept = file.keys.find(({ name }) => name === edit.name);
      const entry = { name: edit.name, scopes, state: 'active' as const, createdAfter: kept?.createdAfter ?? null };
      return { ...file, keys: [...file.keys.filter(({ name }) => name !== edit.name), entry] };
    }
    case 'drop key':
      return { ...file, keys: file.keys.filter(({ name }) => name !== edit.name) };
    case 'revoke key':
      return withKey(file, edit.name, { state: 'revoked' });
    case 'rotate key':
      return withKey(file, edit.name, { createdAfter: new Date(nowMs - 1_000).toISOString() });
  }
}

function withKey(file: CustomerFile, name: string, change: Partial<CustomerFile['keys'][number]>): CustomerFile {
  return { ...file, keys: file.keys.map((key) => (key.name === name ? { ...key, ...change } : key)) };
}
