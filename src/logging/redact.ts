/** Shorter values would take ordinary words out of the text. */
const SECRET_LENGTH_MIN = 4;

/** A function that takes secret values out of a text, longest first. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const values = [...new Set(secrets)].filter((secret) => secret.length >= SECRET_LENGTH_MIN).sort((a, b) => b.length - a.length);
  if (values.length === 0) return (text) => text;
  return (text) => values.reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}
