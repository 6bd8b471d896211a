/** Panels and their layout. */

export interface Step {
  readonly color: 'green' | 'yellow' | 'red';
  /** The lowest value with this colour; null is minus infinity. */
  readonly value: number | null;
}

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly instant?: boolean;
}

export type Unit = 's' | 'bytes' | 'percentunit' | 'short' | 'bool_yes_no' | 'dateTimeFromNow';

export interface Panel {
  readonly id: number;
  readonly type: 'stat' | 'timeseries' | 'bargauge' | 'row';
  readonly title: string;
  readonly description?: string;
  readonly datasource?: typeof DATASOURCE;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit: Unit;
      readonly min?: number;
      readonly max?: number;
      readonly noValue: string;
      readonly thresholds: { readonly mode: 'absolute'; readonly steps: readonly Step[] };
    };
    readonly overrides: readonly [];
  };
}

const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const;

/** The content of a panel, without its position. */
export interface Question {
  readonly title: string;
  readonly description: string;
  readonly type: 'stat' | 'timeseries' | 'bargauge';
  readonly unit: Unit;
  readonly steps: readonly Step[];
  /** [expression, legend] */
  readonly show: readonly (readonly [string, string])[];
  readonly max?: number;
}

const COLUMNS = 24;
const WIDTH = { stat: 6, bargauge: 12, timeseries: 12 } as const;
const HEIGHT = { stat: 4, bargauge: 8, timeseries: 8 } as const;

/** Places panels from left to right, and begins a new row when one is full. */
export function lay(sections: readonly (readonly [string, readonly Question[]])[]): Panel[] {
  const panels: Panel[] = [];
  let y = 0;
  for (const [title, questions] of sections) {
    panels.push({ id: panels.length + 1, type: 'row', title, gridPos: { h: 1, w: COLUMNS, x: 0, y } });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const question of questions) {
      const [w, h] = [WIDTH[question.type], HEIGHT[question.type]];
      if (x + w > COLUMNS) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      panels.push(panel(question, panels.length + 1, { h, w, x, y }));
      x += w;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
  }
  return panels;
}

function panel(question: Question, id: number, gridPos: Panel['gridPos']): Panel {
  const { title, description, type, unit, steps, show, max } = question;
  return {
    id,
    type,
    title,
    description,
    datasource: DATASOURCE,
    gridPos,
    targets: show.map(([expr, legendFormat], n) => ({
      refId: String.fromCharCode(65 + n),
      expr,
      legendFormat,
      ...(type === 'timeseries' ? {} : { instant: true }),
    })),
    fieldConfig: {
      defaults: {
        unit,
        ...(max === undefined ? {} : { min: 0, max }),
        // Without data the value is unknown, not zero.
        noValue: 'unknown',
        thresholds: { mode: 'absolute', steps },
      },
      overrides: [],
    },
  };
}
