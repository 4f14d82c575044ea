import { Secret } from '../../core/secret.ts';
import type { FileSystem } from '../filesystem.ts';
import { OVERHEAD, readAgeFile } from './age-armor.ts';
import { readAgeIdentities } from './age-identities.ts';
import type { SecretEncoding } from './encoding.ts';
import type { StoreResult } from './store.ts';

type Age = typeof import('age-encryption');

export interface AgeEncodingOptions {
  /** `age1…`; checked when reconcile.yaml is read. */
  readonly recipients: readonly string[];
  /** Opens what was written, to prove it; null where nobody but the recipients can. */
  readonly identityFile: string | null;
  readonly fileSystem: FileSystem;
  readonly load?: () => Promise<Age>;
}

/** What to install; it is an optional dependency, so an installation may lack it. */
export const agePackage = 'age-encryption@0.3.1';

/**
 * Secrets encrypted to recipients of age, armored, so that they may be committed. Whoever writes usually holds no
 * identity. What proves a text then is its form (one stanza for each recipient, a payload of the right length), that the
 * file holds exactly these bytes, and, before anything is minted, that an identity made for the purpose opens what is
 * encrypted beside them (I3). Where an identity is at hand, what was written is opened and compared as well.
 */
export function createAgeEncoding(options: AgeEncodingOptions): SecretEncoding {
  const { recipients, identityFile, fileSystem, load = () => import('age-encryption') } = options;
  const encoded = new WeakMap<Secret, Secret>();

  async function encode(secret: Secret): Promise<StoreResult<Secret>> {
    const known = encoded.get(secret);
    if (known) return { ok: true, value: known };
    const loaded = await loadAge(load);
    if (!loaded.ok) return loaded;
    const text = await encrypt(loaded.value, recipients, secret);
    if (text.ok) encoded.set(secret, text.value);
    return text;
  }

  async function confirm(text: Secret, secret: Secret): Promise<StoreResult<void>> {
    if (identityFile === null) return { ok: true, value: undefined };
    const identities = readAgeIdentities(fileSystem, identityFile);
    if (!identities.ok) return identities;
    const loaded = await loadAge(load);
    if (!loaded.ok) return loaded;
    const opened = await decrypt(loaded.value, identities.value, text);
    if (opened?.equals(secret)) return { ok: true, value: undefined };
    return failure(`the identity in ${identityFile} does not open what is encrypted to secrets.recipients`);
  }

  return {
    scheme: 'age',
    suffix: '.age',
    end: '\n',
    mayBeCommitted: true,
    isDeterministic: false,
    async prove() {
      const loaded = await loadAge(load);
      if (!loaded.ok) return loaded;
      const probe = new Secret('probe');
      const proved = await proveByThrowaway(loaded.value, recipients, probe);
      if (!proved.ok) return proved;
      const text = await encode(probe);
      return text.ok ? confirm(text.value, probe) : text;
    },
    encode,
    plainIn: () => null,
    confirm,
    flawIn: (text) => (readAgeFile(text) ? null : 'is not a whole file of age, as a merge or an editor may leave it'),
  };
}

async function loadAge(load: () => Promise<Age>): Promise<StoreResult<Age>> {
  try {
    return { ok: true, value: await load() };
  } catch (error) {
    if (!isMissing(error)) throw error;
    return failure(`the store age needs a package that is not installed; run: npm install ${agePackage}`);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
}

/** The text that age prints, without the newline at its end. */
async function encrypt(age: Age, recipients: readonly string[], secret: Secret): Promise<StoreResult<Secret>> {
  const plain = new TextEncoder().encode(secret.reveal());
  try {
    const encrypter = new age.Encrypter();
    for (const recipient of recipients) encrypter.addRecipient(recipient);
    const text = age.armor.encode(await encrypter.encrypt(plain)).trimEnd();
    const file = readAgeFile(text);
    if (file?.stanzas === recipients.length && file.payloadLength === plain.length + OVERHEAD)
      return { ok: true, value: new Secret(text) };
  } catch {
    // The package throws plain errors whose text may name what it was given; none of it is passed on (I4).
  }
  return failure('age could not encrypt to secrets.recipients; check that each is what age-keygen printed');
}

async function decrypt(age: Age, identities: readonly Secret[], text: Secret): Promise<Secret | null> {
  try {
    const decrypter = new age.Decrypter();
    for (const identity of identities) decrypter.addIdentity(identity.reveal());
    return new Secret(await decrypter.decrypt(age.armor.decode(text.reveal()), 'text'));
  } catch {
    return null;
  }
}

/** That the package works on this machine: a pair made for the purpose opens what is encrypted to it and to the others. */
async function proveByThrowaway(age: Age, recipients: readonly string[], probe: Secret): Promise<StoreResult<void>> {
  const identity = new Secret(await age.generateX25519Identity());
  const recipient = await age.identityToRecipient(identity.reveal());
  const text = await encrypt(age, [...recipients, recipient], probe);
  if (!text.ok) return text;
  const opened = await decrypt(age, [identity], text.value);
  return opened?.equals(probe) ? { ok: true, value: undefined } : failure('age does not open what it has encrypted');
}

function failure(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}
