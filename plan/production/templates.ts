/** Messages and the post-mortem, verbatim. A line that ends in a space does so in the written plan. */
import type { MessageTemplate } from '../procedure-types.ts';

/** Lines 272–282. */
const initial: MessageTemplate = {
  id: 'initial',
  title: 'Initial Incident Notification',
  text: `INCIDENT ALERT - Go Coffee Platform

Severity: [P1/P2/P3/P4]
Status: [Investigating/Identified/Monitoring/Resolved]
Impact: [Description of user impact]
ETA: [Estimated resolution time]

We are investigating reports of [issue description].${' '}
Updates will be provided every 30 minutes.

Status page: https://status.go-coffee.com
`,
  fields: [
    { name: 'severity', placeholder: '[P1/P2/P3/P4]', oneOf: ['P1', 'P2', 'P3', 'P4'] },
    {
      name: 'status',
      placeholder: '[Investigating/Identified/Monitoring/Resolved]',
      oneOf: ['Investigating', 'Identified', 'Monitoring', 'Resolved'],
    },
    { name: 'impact', placeholder: '[Description of user impact]' },
    { name: 'eta', placeholder: '[Estimated resolution time]' },
    { name: 'issue', placeholder: '[issue description]' },
  ],
  /** Line 280. */
  updateEvery: '30m',
};

/** Lines 287–296. */
const resolved: MessageTemplate = {
  id: 'resolved',
  title: 'Recovery Completion',
  text: `INCIDENT RESOLVED - Go Coffee Platform

The incident affecting [services] has been resolved.
All services are now operating normally.

Root cause: [Brief description]
Resolution: [Actions taken]
Duration: [Total incident duration]

Post-mortem will be published within 48 hours.
`,
  fields: [
    { name: 'services', placeholder: '[services]' },
    { name: 'root-cause', placeholder: '[Brief description]' },
    { name: 'resolution', placeholder: '[Actions taken]' },
    { name: 'duration', placeholder: '[Total incident duration]' },
  ],
  /** Line 296. */
  dueWithin: '48h',
};

/** Lines 322–342. */
const postMortem: MessageTemplate = {
  id: 'post-mortem',
  title: 'Post-Mortem Template',
  text: `# Incident Post-Mortem: [Date] - [Brief Description]

## Summary
[Brief summary of the incident]

## Timeline
- [Time]: [Event description]
- [Time]: [Event description]

## Root Cause
[Detailed root cause analysis]

## Resolution
[Steps taken to resolve the incident]

## Lessons Learned
[What we learned from this incident]

## Action Items
- [ ] [Action item with owner and due date]
- [ ] [Action item with owner and due date]
`,
  fields: [
    { name: 'date', placeholder: '[Date]' },
    { name: 'title', placeholder: '[Brief Description]' },
    { name: 'summary', placeholder: '[Brief summary of the incident]' },
    { name: 'time', placeholder: '[Time]' },
    { name: 'event', placeholder: '[Event description]' },
    { name: 'root-cause', placeholder: '[Detailed root cause analysis]' },
    { name: 'resolution', placeholder: '[Steps taken to resolve the incident]' },
    { name: 'lessons', placeholder: '[What we learned from this incident]' },
    { name: 'action', placeholder: '[Action item with owner and due date]' },
  ],
};

export const templates: MessageTemplate[] = [initial, resolved, postMortem];
