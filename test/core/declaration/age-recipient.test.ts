import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { expect, test } from 'vitest';
import { ageRecipientProblem } from '../../../src/core/declaration/age-recipient.ts';
import { readWorkspace } from '../../../src/core/declaration/read.ts';

const known = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

test('what age-keygen prints is a recipient', async () => {
  expect(ageRecipientProblem(known)).toBeNull();
  for (let made = 0; made < 20; made += 1) {
    expect(ageRecipientProblem(await identityToRecipient(await generateX25519Identity()))).toBeNull();
  }
});

test('one wrong character is noticed wherever it stands', () => {
  for (let index = 'age1'.length; index < known.length; index += 1) {
    const wrong = known[index] === 'q' ? 'p' : 'q';
    expect(ageRecipientProblem(`${known.slice(0, index)}${wrong}${known.slice(index + 1)}`)).toContain('checksum');
  }
});

test.each([
  ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN', 'SSH key'],
  [known.toUpperCase(), 'lower case'],
  [known.slice(0, -1), '58 characters'],
  ['age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt', '58 characters'],
  ['age1', '58 characters'],
])('%s is refused: %s', (text, why) => {
  expect(ageRecipientProblem(text)).toContain(why);
});

test('an identity that was pasted in place of a recipient is refused, and no part of it is shown', async () => {
  const identity = await generateX25519Identity();
  for (const pasted of [identity, identity.toLowerCase(), `${identity} `]) {
    const text = `secrets: { store: age, directory: secrets, recipients: ["${pasted}"] }\n`;
    const reading = readWorkspace('reconcile.yaml', text);
    expect(reading).toMatchObject({ ok: false, problems: [{ code: 'SecretInFile' }] });
    const shown = JSON.stringify(reading).toLowerCase();
    expect(shown).toContain('not a recipient');
    expect(shown).not.toContain(identity.slice('AGE-SECRET-KEY-1'.length + 4).toLowerCase());
    expect(shown).not.toContain(identity.slice(-8).toLowerCase());
  }
});
