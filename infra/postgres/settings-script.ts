/** The script that gives a running cluster its dynamic settings. Pure. */
import { PATHS } from '../cluster/paths.ts';

/** JSON of `DynamicSettings`. */
export const SETTINGS = 'SETTINGS';

/** A parameter that the stack no longer states goes back to PostgreSQL's default, whoever has set it. Other keys stay: `standby_cluster`. */
const PATCH = [
  'import json, os, sys, yaml',
  'held = (yaml.safe_load(sys.stdin) or {}).get("postgresql") or {}',
  `wanted = json.loads(os.environ["${SETTINGS}"])`,
  'parameters = wanted["postgresql"]["parameters"]',
  'for name in held.get("parameters") or {}:',
  '    if name not in parameters:',
  '        print("not in the config of the stack, goes back to its default: " + name, file=sys.stderr)',
  '        parameters[name] = None',
  'print(json.dumps(wanted))',
];

/** Before the first member is up there is nothing to change: the bootstrap takes the same settings from patroni.yml. */
export function settingsScript(): string {
  const patronictl = `patronictl --config-file ${PATHS.patroni}/patroni.yml`;
  return [
    'set -eu',
    `${patronictl} show-config "$POSTGRES" > /tmp/held.yml`,
    'if [ ! -s /tmp/held.yml ]; then echo "no cluster yet: its bootstrap takes these settings"; exit 0; fi',
    `cat > /tmp/patch.py <<'PY'`,
    ...PATCH,
    'PY',
    'python3 /tmp/patch.py < /tmp/held.yml > /tmp/patch.json',
    `${patronictl} edit-config --force --apply /tmp/patch.json "$POSTGRES"`,
  ].join('\n');
}
