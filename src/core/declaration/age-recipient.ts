const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** `age1`, 32 bytes of a public key in groups of five bits, and six characters of checksum (age-encryption.org/v1). */
export const ageRecipientPattern = /^age1[02-9ac-hj-np-z]{58}$/;

/**
 * What is wrong with a recipient of age, as a predicate ("must …"); null when it is one. The text is never repeated: a
 * person may have pasted the identity, which is the secret half of the pair (I4).
 */
export function ageRecipientProblem(text: string): string | null {
  if (/age-secret-key/i.test(text))
    return (
      'must be a recipient (age1…), not an identity: AGE-SECRET-KEY-… opens every secret. Take it out of this file, and ' +
      'if it was committed or shown, make a new pair with age-keygen'
    );
  if (text.startsWith('ssh-')) return 'must be a recipient as age-keygen prints it (age1…), not an SSH key';
  if (!ageRecipientPattern.test(text))
    return 'must be a recipient as age-keygen prints it: age1 and 58 characters in lower case';
  return hasFittingChecksum(text)
    ? null
    : 'is not as age-keygen printed it: a character is wrong (its checksum does not fit)';
}

/** Bech32 (BIP 173), which notices up to four wrong characters. */
function hasFittingChecksum(text: string): boolean {
  const human = 'age'.split('').map((character) => character.charCodeAt(0));
  const data = Array.from(text.slice('age1'.length), (character) => alphabet.indexOf(character));
  return polymod([...human.map((code) => code >> 5), 0, ...human.map((code) => code & 31), ...data]) === 1;
}

function polymod(values: readonly number[]): number {
  return values.reduce((checksum, value) => {
    const top = checksum >>> 25;
    const shifted = ((checksum & 0x1ffffff) << 5) ^ value;
    return generators.reduce((next, generator, bit) => ((top >>> bit) & 1 ? next ^ generator : next), shifted);
  }, 1);
}
