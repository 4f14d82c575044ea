import { armor, Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { createAgeEncoding } from '../../src/effects/secrets/age-encoding.ts';
import { plainEncoding, type SecretEncoding } from '../../src/effects/secrets/encoding.ts';
import { createMemoryFileSystem } from './memory-filesystem.ts';

/** A pair of age that lives as long as these tests. */
export const ageIdentity = await generateX25519Identity();
export const ageRecipient = await identityToRecipient(ageIdentity);

/** Where {@link ageIdentity} lies, on a disk of its own on which no fault strikes. */
const identityFile = '/keys/identity.txt';
export const identityDisk = createMemoryFileSystem();
identityDisk.plantDirectory('/keys', 0o700);
identityDisk.plant(identityFile, `# created: today\n# public key: ${ageRecipient}\n${ageIdentity}\n`);

/** As another process would make it: it remembers nothing of what was encrypted before. */
export function ageEncoding(writerHoldsIdentity: boolean): SecretEncoding {
  return createAgeEncoding({
    recipients: [ageRecipient],
    identityFile: writerHoldsIdentity ? identityFile : null,
    fileSystem: identityDisk,
  });
}

export interface EncodingUnderTest {
  readonly name: string;
  /** One process, and the one that goes on after it. */
  readonly first: SecretEncoding;
  readonly second: SecretEncoding;
  /** The secret in the text of a file. */
  readonly opened: (text: string) => Promise<string>;
}

/** The two ways in which a secret stands in its file; with thousands of faults in mind, age proves itself once. */
export const encodingsUnderTest: readonly EncodingUnderTest[] = [
  { name: 'in plain text', first: plainEncoding, second: plainEncoding, opened: async (text) => text },
  { name: 'encrypted by age', first: provingOnce(ageEncoding(false)), second: provingOnce(ageEncoding(false)), opened },
];

function provingOnce(encoding: SecretEncoding): SecretEncoding {
  let proved: ReturnType<SecretEncoding['prove']> | null = null;
  return {
    ...encoding,
    prove: () => {
      proved ??= encoding.prove();
      return proved;
    },
  };
}

const seen = new Map<string, string>();

/** What is in a file of age, opened by the package itself. */
export async function opened(text: string): Promise<string> {
  const known = seen.get(text);
  if (known !== undefined) return known;
  const decrypter = new Decrypter();
  decrypter.addIdentity(ageIdentity);
  const plain = await decrypter.decrypt(armor.decode(text), 'text');
  seen.set(text, plain);
  return plain;
}
