/** Outputs of resources that a recording makes up. */
type Json = Record<string, unknown>;

/** What AWS would answer with, as far as another resource is built from it. */
export function fakeOutputs(type: string, name: string, inputs: Json): { id: string; state: Json } {
  const region = typeof inputs.region === 'string' ? inputs.region : 'us-east-1';
  const named = (...keys: string[]) =>
    String(keys.map((key) => inputs[key]).find((value) => value !== undefined) ?? name);
  const arn = (service: string, what: string, where = region) => `arn:aws:${service}:${where}:123456789012:${what}`;
  switch (type) {
    case 'aws:s3/bucket:Bucket': {
      const bucket = named('bucket');
      return { id: bucket, state: { ...inputs, bucket, arn: `arn:aws:s3:::${bucket}` } };
    }
    case 'aws:kms/key:Key':
    case 'aws:kms/replicaKey:ReplicaKey': {
      const keyId = 'mrk-00000000000000000000000000000001';
      return { id: keyId, state: { ...inputs, keyId, arn: arn('kms', `key/${keyId}`) } };
    }
    case 'aws:iam/role:Role':
      return { id: named('name'), state: { name, ...inputs, arn: arn('iam', `role/${named('name')}`, '') } };
    case 'aws:sns/topic:Topic':
      return { id: arn('sns', named('name')), state: { name, ...inputs, arn: arn('sns', named('name')) } };
    case 'aws:cloudwatch/logGroup:LogGroup':
      return { id: named('name'), state: { name, ...inputs, arn: arn('logs', `log-group:${named('name')}`) } };
    case 'aws:cloudwatch/eventRule:EventRule':
      return { id: named('name'), state: { name, ...inputs, arn: arn('events', `rule/${named('name')}`) } };
    case 'aws:secretsmanager/secret:Secret':
      return {
        id: arn('secretsmanager', `secret:${named('name')}`),
        state: { ...inputs, arn: arn('secretsmanager', `secret:${named('name')}`) },
      };
    case 'random:index/randomPassword:RandomPassword':
    case 'random:index/randomBytes:RandomBytes':
      return {
        id: 'none',
        state: { ...inputs, result: `random-${name}`, base64: `random-${name}`, hex: `random-${name}` },
      };
    case 'kubernetes:core/v1:Service': {
      const spec = inputs.spec as Json;
      return { id: `${name}-id`, state: { ...inputs, spec: { clusterIP: '10.100.0.7', ...spec } } };
    }
    case 'tls:index/privateKey:PrivateKey':
      return { id: name, state: { ...inputs, privateKeyPem: `key-of-${name}`, publicKeyPem: `public-${name}` } };
    case 'tls:index/certRequest:CertRequest':
      return { id: name, state: { ...inputs, certRequestPem: `request-of-${name}` } };
    case 'tls:index/selfSignedCert:SelfSignedCert':
    case 'tls:index/locallySignedCert:LocallySignedCert':
      return { id: name, state: { ...inputs, certPem: `cert-of-${name}` } };
    default:
      return { id: `${name}-id`, state: { ...inputs, arn: arn(type.split(':')[1]?.split('/')[0] ?? 'any', name) } };
  }
}
