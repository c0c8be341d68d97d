/** The configuration of a job, with properties of both clients. */

/** A job with these shared properties; `more` is appended to the section `kafka`. */
export function job(properties: Readonly<Record<string, string>>, more = '', servers = 'a:9092'): string {
  const lines = Object.entries(properties).map(([name, value]) => `    ${name}: ${JSON.stringify(value)}\n`);
  return (
    `kafka:\n  bootstrap-servers: ${servers}\n  properties:\n${lines.join('')}  consumer: { ` +
    `group-id: g, topics: [in] }\n  producer: { topic: out }\n${more}`
  );
}

export const SSL = { 'security.protocol': 'SSL' };
export const KEY = 'kafka.properties.ssl.truststore.location';
