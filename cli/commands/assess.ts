/** `dr assess` */
import { openSite } from '../../recovery/config/site.ts';
import { assess } from '../../recovery/status/assess/assess.ts';
import { assessmentText } from '../../recovery/status/assess/text.ts';
import type { Execute, SiteOptions } from '../command.ts';

export const assessCommand: Execute<AssessOptions> = async (options, context) => {
  const site = await openSite(options.env, context.log);
  const { now, progress, signal } = context;
  const assessment = await assess(site, { now, progress, signal });
  const title = site.plan.scenarios.find(({ id }) => id === assessment.scenario)?.title;
  return { kind: 'Assessment', data: assessment, text: assessmentText(assessment, title) };
};

export type AssessOptions = SiteOptions;
