/** Options of `dr monitor`. */
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { OptionsOf } from '../../command.ts';
import { examples } from '../../flags.ts';

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('Wanted a port from 0 (any free one) to 65535.');
}

export const declaration = () =>
  new Command('monitor')
    .description('Print the metrics of recovery: age of copies, WAL, verification, drills, objectives; or serve them.')
    .option('--serve', 'answer at /metrics and /healthz, and with a status page at /, until stopped', false)
    .addOption(new Option('--port <number>', 'with --serve').argParser(portNumber).default(9187))
    .option('--listen <address>', 'with --serve: this IP address only', '127.0.0.1')
    .option('--interval <duration>', 'with --serve: time between two refreshes', '60s')
    .option('--ping-url-file <file>', 'call the URL in this file after each refresh; its silence is the alarm')
    .option(
      '--heartbeat',
      'also update a row of PostgreSQL every minute, so that any moment can be recovered to',
      false,
    )
    .addHelpText(
      'after',
      examples(
        'dr monitor',
        'dr monitor --serve --heartbeat',
        'dr monitor --serve --listen 0.0.0.0 --port 9187 --interval 60s --ping-url-file /etc/go-coffee-dr/keys/ping',
      ),
    );

export type MonitorOptions = OptionsOf<typeof declaration>;
